import type { HardeningCheck } from '../kernel/hardening.js';

/** Every item of this version, as it is shown; one that is not here comes last. */
export const CHECK_ORDER = [
  'bind-and-write-token',
  'forwarding-headers',
  'rate-limits',
  'webhook-secrets',
  'security-defaults',
  'sandbox-controls',
  'egress',
  'credential-routes',
  'fence',
  'fence-proof',
  'source-routing',
  'gvisor',
  'seccomp',
  'mandatory-access-control',
  'image',
  'engine-versions',
  'engine-socket',
  'user-namespaces',
  'cgroups',
  'swap',
  'master-key',
  'master-key-backup',
  'master-key-use',
  'file-modes',
  'disk-space',
  'clock',
] as const;

export function inOrder(checks: readonly HardeningCheck[]): HardeningCheck[] {
  return [...checks].sort((one, other) => placeOf(one) - placeOf(other));
}

function placeOf({ id }: HardeningCheck): number {
  const found = CHECK_ORDER.findIndex((known) => known === id);
  return found === -1 ? CHECK_ORDER.length : found;
}
