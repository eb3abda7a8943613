import { insideProbe } from '../inside-probe.js';
import { FILE_FUNCTIONS } from '../inside/file-scripts.js';

const PLACES =
  '/ /usr /usr/bin /usr/local /etc /opt /var /var/tmp /var/cache /root /run /srv /home';

const SCRIPT = `${FILE_FUNCTIONS}
for place in ${PLACES}; do
  [ -d $place ] || continue
  if [ $place != / ] && grep -q " $place " /proc/self/mountinfo; then continue; fi
  try "root:$place" $place
done`;

export const rootFileSystem = insideProbe({
  id: 'F1',
  title: 'The root file system is read-only',
  group: 'file system',
  applies: ({ rootWritable }) =>
    rootWritable ? 'the policy is danger-full-access: its root file system is writable' : null,
  script: () => SCRIPT,
  problems: (found, { gvisor }) => [
    ...Object.entries(found)
      .filter(([, value]) => value === 'written')
      .map(([name]) => `${name.slice(5)} takes a file`),
    // gVisor asks for the permission first.
    ...(found['root:/usr'] === 'readonly' || (gvisor && found['root:/usr'] === 'refused')
      ? []
      : [`a file in /usr is ${found['root:/usr'] ?? 'not tried'}, and not for EROFS`]),
  ],
  unproven: (control) => (control['root:/usr'] === 'written' ? [] : ['a file in /usr']),
  seen: (found) =>
    `${Object.keys(found).length} directories take no file; without the control they do.`,
});
