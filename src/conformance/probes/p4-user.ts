import { insideProbe } from '../inside-probe.js';

export const user = insideProbe({
  id: 'P4',
  title: 'Not root, in no other group',
  group: 'privilege',
  script: () => 'echo "uid $(id -u)"; echo "gid $(id -g)"; echo "groups $(id -G)"',
  problems: ({ uid = '', gid = '', groups = '' }) => [
    ...(/^[1-9]\d*$/.test(uid) ? [] : [`the user is ${uid}`]),
    ...(/^[1-9]\d*$/.test(gid) ? [] : [`the group is ${gid}`]),
    ...(groups === gid ? [] : [`its groups are ${groups}`]),
  ],
  unproven: ({ uid, groups = '' }) =>
    uid === '0' && groups.includes('4242') ? [] : ['root and a further group'],
  seen: ({ uid, gid }) => `The user is ${uid}, the group ${gid}, and there is no other.`,
});
