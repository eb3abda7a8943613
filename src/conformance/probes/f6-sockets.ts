import { insideProbe } from '../inside-probe.js';

const FIND = `for path in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock /run/crio/crio.sock; do
  [ -e "$path" ] && echo "socket:$path there"
done
find / \\( -path /proc -o -path /sys \\) -prune -o -type s -print 2>/dev/null | while read -r path; do echo "socket:$path there"; done
echo "searched yes"`;
const PLANT = `if command -v perl >/dev/null; then perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack_sockaddr_un("/run/planted.sock"))'
elif command -v python3 >/dev/null; then python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/planted.sock")'
else echo "missing perl or python3"; exit; fi`;

export const sockets = insideProbe({
  id: 'F6',
  title: 'No socket of an engine, nor any other',
  group: 'file system',
  script: (_subject, where) => (where === 'sandbox' ? FIND : `${PLANT}\n${FIND}`),
  problems: (found) => [
    ...Object.keys(found)
      .filter((name) => name.startsWith('socket:'))
      .map((name) => `there is a socket at ${name.slice(7)}`),
    ...(found.searched === 'yes' ? [] : ['the search did not end']),
  ],
  unproven: (control) =>
    'socket:/run/planted.sock' in control ? [] : ['a socket that was put there'],
  seen: () => 'The file system holds none; one that is put there is found.',
});
