import { insideProbe } from '../inside-probe.js';

const USUAL = new Set(
  'console core fd full mqueue net null ptmx pts random shm stderr stdin stdout tty urandom zero'.split(
    ' ',
  ),
);

export const devEntries = insideProbe({
  id: 'P9',
  title: '/dev holds the usual set and no more',
  group: 'privilege',
  script: () => 'for one in /dev/*; do echo "dev:${one#/dev/} there"; done',
  problems: (found, { gvisor }) =>
    Object.keys(found)
      .map((name) => name.slice(4))
      // gVisor's /dev/fuse is the sentry's own.
      .filter((name) => !USUAL.has(name) && !(gvisor && name === 'fuse'))
      .map((name) => `/dev/${name} is there`)
      .concat('dev:null' in found ? [] : ['/dev/null is not there']),
  unproven: (control, { gvisor }) =>
    gvisor || 'dev:kmsg' in control ? [] : ['a further device that was given'],
  seen: (found) => `${Object.keys(found).length} entries, all of them usual.`,
});
