import { insideProbe } from '../inside-probe.js';
import { FILE_FUNCTIONS, MOUNTS_SCRIPT, mountsIn } from '../inside/file-scripts.js';

const SCRIPT = `${FILE_FUNCTIONS} try sys /sys; try class /sys/class; put thp /sys/kernel/mm/transparent_hugepage/enabled
echo "firmware $(ls -A /sys/firmware 2>/dev/null | wc -l)"
${MOUNTS_SCRIPT}`;
const REMOUNT = `command -v mount >/dev/null || { echo "missing mount"; exit; }
mount -o remount,rw,bind /sys || echo "remount failed"`;

export const sys = insideProbe({
  id: 'F4',
  title: '/sys is read-only and /sys/firmware empty',
  group: 'file system',
  script: (_subject, where) => (where === 'sandbox' ? SCRIPT : `${REMOUNT}\n${SCRIPT}`),
  problems: (found) => [
    ...mountsIn(found)
      .filter(({ path, options }) => path === '/sys' && !options.includes('ro'))
      .map(() => '/sys is mounted for writing'),
    ...(['sys', 'class', 'thp'].some((name) => ['written', 'opened'].includes(found[name] ?? ''))
      ? ['a file of /sys can be written']
      : []),
    ...(found.firmware === '0' ? [] : [`/sys/firmware shows ${found.firmware ?? '?'} entries`]),
  ],
  unproven: (control) =>
    mountsIn(control).some(({ path, options }) => path === '/sys' && options.includes('rw'))
      ? []
      : ['a /sys that is mounted for writing'],
  vacuous: (control, { gvisor }) =>
    gvisor && control.remount === 'failed' ? 'gVisor’s own /sys is always read-only' : null,
  seen: () => 'Nothing of it can be written, and the same look finds it when it is remounted.',
});
