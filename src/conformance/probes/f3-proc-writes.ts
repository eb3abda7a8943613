import { insideProbe } from '../inside-probe.js';
import { FILE_FUNCTIONS } from '../inside/file-scripts.js';

const FILES = [
  'sys/kernel/core_pattern',
  'sys/kernel/hostname',
  'sys/kernel/modprobe',
  'sys/vm/overcommit_memory',
  'sys/net/ipv4/ip_forward',
  'sysrq-trigger',
  'irq/default_smp_affinity',
];

/** Opened for writing, and nothing is written: in the unlocked container it would change the host. */
export const procWrites = insideProbe({
  id: 'F3',
  title: 'Nothing of /proc can be written',
  group: 'file system',
  script: () =>
    `${FILE_FUNCTIONS} for file in ${FILES.join(' ')}; do put "proc:$file" /proc/$file; done; try proc:bus /proc/bus`,
  problems: (found) => [
    ...Object.entries(found)
      .filter(([, value]) => ['opened', 'written'].includes(value))
      .map(([name]) => `/proc/${name.slice(5)} can be opened for writing`),
    ...('proc:sysrq-trigger' in found ? [] : ['/proc/sysrq-trigger was not tried']),
  ],
  vacuous: (control, { gvisor }) =>
    gvisor && !Object.values(control).includes('opened')
      ? 'gVisor’s own /proc takes no writes from anybody'
      : null,
  seen: (_found, control) => {
    const shown = Object.values(control).filter((value) => value === 'opened');
    return `None of ${FILES.length + 1} can be opened for writing; without the controls ${shown.length} can.`;
  },
});
