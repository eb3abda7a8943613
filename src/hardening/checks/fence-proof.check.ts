import {
  failed,
  notChecked,
  passed,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import type { ObserveSandbox, SandboxObservation } from '../probe/sandbox-observer.js';

/**
 * Whether a real sandbox without network access reached anything. Silence proves something only
 * where the same listener answered this host and the same tool really connects. Pure.
 */
export function judgeFenceProof(seen: SandboxObservation): HardeningFinding {
  if (seen.network === 'none') {
    return passed('A real sandbox has no network at all, since no fence stands.');
  }
  const reached = seen.attempts.filter(
    ({ outcome }) => outcome === 'open' || outcome === 'refused',
  );
  if (reached.length > 0 || seen.heardFromSandbox.length > 0) {
    const places = reached.map(({ name, outcome }) => `${name} (${outcome})`);
    const heard =
      seen.heardFromSandbox.length > 0
        ? [`a listener on the gateway heard ${seen.heardFromSandbox.join(', ')}`]
        : [];
    return failed(
      `A real sandbox without network access reached something: ${[...places, ...heard].join(', ')}.`,
      'npx risoluto doctor --fix',
    );
  }
  if (seen.tool === 'none') {
    return notChecked(
      'the image has neither bash with timeout nor node, with which a sandbox could try',
    );
  }
  if (!seen.loopbackRefused) {
    return notChecked(
      'the sandbox’s own loopback did not answer its tool, so its silence proves nothing',
    );
  }
  if (!seen.hostHeard) {
    return notChecked(
      'this host could not reach its own listener, so a sandbox’s failure proves nothing',
    );
  }
  const tried = seen.attempts.map(({ name }) => name).join(', ');
  return passed(
    `A real sandbox without network access tried ${tried} with ${seen.tool}: nothing answered, and a listener on the gateway that answers this host heard nothing.`,
  );
}

export class FenceProofCheck implements HardeningCheck {
  readonly id = 'fence-proof';
  readonly title = 'Fence proven from a real sandbox';
  readonly kind = 'active';

  constructor(private readonly observe: ObserveSandbox) {}

  async check(): Promise<HardeningFinding> {
    return judgeFenceProof(await this.observe(this.id));
  }
}
