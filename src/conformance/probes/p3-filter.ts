import { release } from 'node:os';

import { insideProbe } from '../inside-probe.js';
import { statusScript } from '../inside/status-script.js';

/** What gVisor says of itself, whatever the host's kernel is. */
const SENTRY = 'Linux version 4.4.0';

export const filter = insideProbe({
  id: 'P3',
  title: 'System calls are filtered, or gVisor’s own',
  group: 'privilege',
  script: () => `${statusScript(['Seccomp'])}; echo "version $(cat /proc/version)"`,
  problems: (found, { gvisor }) => {
    if (gvisor) {
      return found.version?.includes(SENTRY)
        ? []
        : [`gVisor is configured, and the kernel says ${found.version}`];
    }
    return found['status:Seccomp'] === '2'
      ? []
      : [`Seccomp is ${found['status:Seccomp'] ?? 'not shown'}`];
  },
  unproven: (control, { gvisor }) => {
    // The runtime is no control of the unlocked container: this host's own kernel is what differs.
    if (gvisor) return release().startsWith('4.4.0') ? ['another kernel than gVisor’s'] : [];
    return control['status:Seccomp'] === '0' ? [] : ['Seccomp 0'];
  },
  seen: (_found, _control, { gvisor }) =>
    gvisor
      ? `The kernel inside is gVisor’s, and not this host’s (${release()}).`
      : 'Seccomp is 2, and 0 in a container without a filter.',
});
