import { insideProbe } from '../inside-probe.js';

const SCRIPT = `sh -c 'sleep 0.2 & sleep 0.2 & sleep 0.2 &'; sleep 1
n=0; for stat in /proc/[0-9]*/stat; do read -r line < $stat && case "\${line##*) }" in Z*) n=$((n + 1)) ;; esac; done 2>/dev/null
echo "zombies $n"`;

export const zombies = insideProbe({
  id: 'R8',
  title: 'Orphaned processes are reaped',
  group: 'resources',
  script: () => SCRIPT,
  problems: ({ zombies: count }) => (count === '0' ? [] : [`${count ?? 'no count of'} zombies`]),
  vacuous: ({ zombies: count }, { gvisor }) =>
    gvisor && count === '0'
      ? 'gVisor’s own kernel reaps them, whatever the first process does'
      : null,
  seen: (_found, control) =>
    `None is left; where the first process reaps none, ${control.zombies} are.`,
});
