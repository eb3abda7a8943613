import type { Settings } from '../../config/settings.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';

export interface EgressFacts {
  readonly allowlist: readonly string[];
  readonly mode: 'enforce' | 'observe';
}

const OVERLAY = 'http://127.0.0.1:4000/api/v1/config/overlay';
const SET_LIST =
  `curl -X PATCH ${OVERLAY} -H 'Content-Type: application/merge-patch+json' ` +
  `-d '{"codex":{"sandbox":{"egressAllowlist":["registry.npmjs.org"]}}}'`;
const ENFORCE =
  `curl -X PATCH ${OVERLAY} -H 'Content-Type: application/merge-patch+json' ` +
  `-d '{"codex":{"sandbox":{"egressMode":"enforce"}}}'`;

/** What a turn that asks for network access can reach, by the settings of the moment. Pure. */
export function judgeEgress({ allowlist, mode }: EgressFacts): HardeningFinding {
  if (mode === 'observe') {
    return failed(
      'Outbound connections are OBSERVED, NOT ENFORCED (codex.sandbox.egressMode: observe): a turn with network access reaches all of the public internet, whatever the allowlist says.',
      ENFORCE,
    );
  }
  if (allowlist.length === 0) {
    return warned(
      'A turn that asks for network access reaches all of the public internet (never this host, private or metadata addresses, or other sandboxes), and its connections are not written down. A turn that does not ask reaches nothing.',
      SET_LIST,
    );
  }
  return passed(
    `A turn that asks for network access reaches ${allowlist.length} allowed host(s) through the egress gateway, and nothing else; without a standing fence it is refused.`,
  );
}

export class EgressCheck implements HardeningCheck {
  readonly id = 'egress';
  readonly title = 'Outbound network access';
  readonly kind = 'quick';

  constructor(private readonly settings: Settings) {}

  check(): Promise<HardeningFinding> {
    const { egressAllowlist, egressMode } = this.settings.codex.sandbox;
    return Promise.resolve(judgeEgress({ allowlist: egressAllowlist, mode: egressMode }));
  }
}
