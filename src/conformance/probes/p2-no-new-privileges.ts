import { insideProbe } from '../inside-probe.js';
import { statusScript } from '../inside/status-script.js';

export const noNewPrivileges = insideProbe({
  id: 'P2',
  title: 'no-new-privileges is on',
  group: 'privilege',
  applies: ({ gvisor }) => (gvisor ? 'gVisor does not show it; P6 tries what it is for' : null),
  script: () => statusScript(['NoNewPrivs']),
  problems: (found) =>
    found['status:NoNewPrivs'] === '1'
      ? []
      : [`NoNewPrivs is ${found['status:NoNewPrivs'] ?? 'not shown'}`],
  unproven: (control) => (control['status:NoNewPrivs'] === '0' ? [] : ['NoNewPrivs 0']),
  seen: () => 'NoNewPrivs is 1, and 0 in a container without it.',
});
