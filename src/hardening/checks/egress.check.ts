import type { HardeningCheck, HardeningFinding } from '../../kernel/hardening.js';
import { warned } from '../../kernel/hardening.js';

/** The same for every operator of this version, whose settings refuse an allowlist. */
export class EgressCheck implements HardeningCheck {
  readonly id = 'egress';
  readonly title = 'Outbound network access';
  readonly kind = 'quick';

  check(): Promise<HardeningFinding> {
    return Promise.resolve(
      warned(
        'A turn that asks for network access reaches all of the public internet (never this host, private or metadata addresses, or other sandboxes). Allowlists are not available in this version, so give the write token only to those who may ask; a turn that does not ask reaches nothing.',
        null,
      ),
    );
  }
}
