import { SMALL } from '../bench/shape.js';
import { insideProbe } from '../inside-probe.js';

const BURN = `end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do :; done
for file in /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu,cpuacct/cpu.stat; do
  [ -r $file ] && echo "throttled $(sed -n 's/^nr_throttled //p' $file)" && break
done; true`;

export const processor = insideProbe({
  id: 'R3',
  title: 'Who takes too much processor time is throttled',
  group: 'resources',
  shape: SMALL,
  applies: ({ gvisor }) => (gvisor ? 'with gVisor only the host sees the throttling' : null),
  script: () => BURN,
  problems: ({ throttled }) => {
    if (throttled === undefined) return ['no cpu.stat was found'];
    return Number(throttled) > 0 ? [] : ['two busy seconds were not throttled'];
  },
  seen: ({ throttled }) =>
    `Throttled ${throttled} times in two busy seconds, and never without the limit.`,
});
