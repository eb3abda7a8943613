import { insideProbe } from '../inside-probe.js';
import { FILE_FUNCTIONS } from '../inside/file-scripts.js';

const FILES = 'kcore keys timer_list sched_debug latency_stats scsi/scsi acpi/wakeup';

export const procSecrets = insideProbe({
  id: 'F2',
  title: 'Files of /proc that tell of the host are empty',
  group: 'file system',
  script: () => `${FILE_FUNCTIONS} for file in ${FILES}; do get "proc:$file" /proc/$file; done`,
  problems: (found) => [
    ...Object.entries(found)
      .filter(([, value]) => value === 'read')
      .map(([name]) => `/proc/${name.slice(5)} can be read`),
    ...('proc:keys' in found ? [] : ['/proc/keys was not tried']),
  ],
  vacuous: (control, { gvisor }) =>
    gvisor && !Object.values(control).includes('read')
      ? 'gVisor’s own /proc has none of these files'
      : null,
  seen: (_found, control) => {
    const shown = Object.keys(control).filter((name) => control[name] === 'read');
    return `All are empty; unmasked, ${shown.map((name) => name.slice(5)).join(', ')} can be read.`;
  },
});
