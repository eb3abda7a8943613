import { insideProbe } from '../inside-probe.js';
import { FILE_FUNCTIONS, MOUNTS_SCRIPT, mountsIn } from '../inside/file-scripts.js';

const SCRIPT = `${FILE_FUNCTIONS} try cgroup /sys/fs/cgroup; try memory /sys/fs/cgroup/memory
for agent in /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/release_agent; do put "agent:$agent" "$agent"; done
for limit in /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max; do put "limit:$limit" "$limit"; done
${MOUNTS_SCRIPT}`;
/** The root of a cgroup file system, in a container whose namespace is its own, is that of the container. */
const REMOUNT = `command -v mount >/dev/null || { echo "missing mount"; exit; }
for place in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,rw,bind "$place" 2>/dev/null; done`;

export const cgroups = insideProbe({
  id: 'F5',
  title: 'Control groups are read-only, with no release agent',
  group: 'file system',
  script: (_subject, where) => (where === 'sandbox' ? SCRIPT : `${REMOUNT}\n${SCRIPT}`),
  problems: (found) => [
    ...mountsIn(found)
      .filter(({ type, options }) => type.startsWith('cgroup') && !options.includes('ro'))
      .map(({ path }) => `${path} is mounted for writing`),
    ...Object.entries(found)
      .filter(([, value]) => ['written', 'opened'].includes(value))
      .map(([name]) => `${name.replace(/^\w+:/, '')} can be written`),
    ...('cgroup' in found ? [] : ['/sys/fs/cgroup was not tried']),
  ],
  vacuous: (control, { gvisor }) =>
    gvisor && !Object.values(control).some((value) => ['written', 'opened'].includes(value))
      ? 'gVisor’s own control groups are the sentry’s, out of the host’s sight'
      : null,
  seen: () => 'None of it can be written, and the same look finds it when it is remounted.',
});
