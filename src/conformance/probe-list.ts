import type { Probe } from './probe.js';
import { capabilities } from './probes/p1-capabilities.js';
import { noNewPrivileges } from './probes/p2-no-new-privileges.js';
import { filter } from './probes/p3-filter.js';
import { user } from './probes/p4-user.js';
import { appArmor } from './probes/p5-apparmor.js';
import { setUserId } from './probes/p6-set-user-id.js';
import { systemCalls } from './probes/p7-system-calls.js';
import { devices } from './probes/p8-devices.js';
import { devEntries } from './probes/p9-dev.js';

/** Every probe, in the order in which they are printed. */
export const PROBES: readonly Probe[] = [
  capabilities,
  noNewPrivileges,
  filter,
  user,
  appArmor,
  setUserId,
  systemCalls,
  devices,
  devEntries,
];
