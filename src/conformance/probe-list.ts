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
import { rootFileSystem } from './probes/f1-root.js';
import { procSecrets } from './probes/f2-proc-secrets.js';
import { procWrites } from './probes/f3-proc-writes.js';
import { sys } from './probes/f4-sys.js';
import { cgroups } from './probes/f5-cgroups.js';
import { sockets } from './probes/f6-sockets.js';
import { mounts } from './probes/f7-mounts.js';
import { workspace } from './probes/f8-workspace.js';
import { tmpfs } from './probes/f9-tmpfs.js';
import { repository } from './probes/f10-repository.js';
import { links } from './probes/f11-links.js';
import { propagation } from './probes/f12-propagation.js';
import { secretsInEnvironments } from './probes/s1-environment.js';
import { secretsInCommandLines } from './probes/s2-command-lines.js';
import { secretsInInspect } from './probes/s3-inspect.js';
import { secretsInAnswers } from './probes/s4-answers.js';
import { placeholder } from './probes/s5-credential-routes.js';
import { redirects } from './probes/s6-redirects.js';
import { processes } from './probes/r1-processes.js';
import { memory } from './probes/r2-memory.js';
import { processor } from './probes/r3-processor.js';
import { disk } from './probes/r4-disk.js';
import { limits } from './probes/r5-limits.js';
import { log } from './probes/r6-log.js';
import { longLine } from './probes/r7-long-line.js';
import { zombies } from './probes/r8-zombies.js';
import { stubborn } from './probes/l1-stubborn.js';
import { kill } from './probes/l2-kill.js';
import { otherServices } from './probes/l3-other-services.js';
import { theHost } from './probes/n12-host.js';
import { neighbours } from './probes/n13-neighbours.js';
import { image } from './probes/l4-image.js';
import { removal } from './probes/l5-removal.js';
import { runtime } from './probes/l6-runtime.js';
import { listed } from './probes/n1-listed.js';
import { unlisted } from './probes/n2-unlisted.js';
import { direct } from './probes/n3-direct.js';
import { protocols } from './probes/n4-protocols.js';
import { names } from './probes/n5-names.js';
import { literals } from './probes/n6-literals.js';
import { ports } from './probes/n7-ports.js';
import { serverName } from './probes/n8-server-name.js';
import { host } from './probes/n9-host.js';
import { withoutProxy } from './probes/n10-without-proxy.js';
import { metadata } from './probes/n11-metadata.js';
import { ipv6 } from './probes/n14-ipv6.js';
import { encryptedDns } from './probes/n15-encrypted-dns.js';
import { webSockets } from './probes/n16-web-sockets.js';
import { load } from './probes/n17-load.js';
import { spelling } from './probes/n18-spelling.js';
import { smuggling } from './probes/n19-smuggling.js';
import { gatewayDown } from './probes/n20-gateway-down.js';
import { grants } from './probes/n21-grants.js';

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
  rootFileSystem,
  procSecrets,
  procWrites,
  sys,
  cgroups,
  sockets,
  mounts,
  workspace,
  tmpfs,
  repository,
  links,
  propagation,
  secretsInEnvironments,
  secretsInCommandLines,
  secretsInInspect,
  secretsInAnswers,
  placeholder,
  redirects,
  listed,
  unlisted,
  direct,
  protocols,
  names,
  literals,
  ports,
  serverName,
  host,
  withoutProxy,
  metadata,
  theHost,
  neighbours,
  ipv6,
  encryptedDns,
  webSockets,
  load,
  spelling,
  smuggling,
  gatewayDown,
  grants,
  processes,
  memory,
  processor,
  disk,
  limits,
  log,
  longLine,
  zombies,
  stubborn,
  kill,
  otherServices,
  image,
  removal,
  runtime,
];
