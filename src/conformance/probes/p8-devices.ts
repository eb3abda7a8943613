import { insideProbe } from '../inside-probe.js';

const DEVICES = [
  'mem',
  'kmem',
  'port',
  'kmsg',
  'sda',
  'vda',
  'xvda',
  'nvme0n1',
  'dm-0',
  'loop0',
  'kvm',
];

/** A node of /dev/zero: to make it is the try, and what is read from it harms nobody. */
const SCRIPT = `for place in "$TMPDIR" /tmp /home/agent /workspace; do
  [ -n "$place" ] || continue
  rm -f "$place/node"; mknod "$place/node" c 1 5 2>/dev/null || continue
  if [ "$(head -c 1 "$place/node" 2>/dev/null | wc -c)" -eq 1 ]; then echo "node:$place works"; fi
  rm -f "$place/node"
done
for device in ${DEVICES.join(' ')}; do ( : < /dev/$device ) 2>/dev/null && echo "open:$device works"; done; true`;

export const devices = insideProbe({
  id: 'P8',
  title: 'No device can be made or opened',
  group: 'privilege',
  script: () => SCRIPT,
  problems: (found) =>
    Object.keys(found).map((name) =>
      name.startsWith('node:')
        ? `a device made in ${name.slice(5)} works`
        : `/dev/${name.slice(5)} can be opened`,
    ),
  unproven: (control, { gvisor }) => {
    const names = Object.keys(control);
    return [
      ...(names.some((name) => name.startsWith('node:')) ? [] : ['a device that is made']),
      ...(gvisor || names.includes('open:kmsg') ? [] : ['/dev/kmsg that is opened']),
    ];
  },
  seen: (_found, _control, { gvisor }) =>
    `None of ${DEVICES.length} can be opened and a node that is made does not work; ${gvisor ? 'it does' : 'it does, and /dev/kmsg opens,'} in a container that may.`,
});
