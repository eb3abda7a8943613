import type { Settings } from '../../config/settings.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { setKey } from '../shell.js';

export interface EgressFacts {
  readonly allowlist: readonly string[];
  readonly mode: 'enforce' | 'observe';
}

/** What a turn that asks for network access can reach, by the settings of the moment. Pure. */
export function judgeEgress(
  { allowlist, mode }: EgressFacts,
  configFile: string,
): HardeningFinding {
  if (mode === 'observe') {
    return failed(
      'Outbound connections are OBSERVED, NOT ENFORCED (codex.sandbox.egressMode: observe): a turn with network access reaches all of the public internet, whatever the allowlist says. Then start the service anew.',
      setKey(configFile, 'codex.sandbox.egressMode', 'enforce'),
    );
  }
  if (allowlist.length === 0) {
    return warned(
      'A turn that asks for network access reaches all of the public internet (never this host, private or metadata addresses, or other sandboxes), and its connections are not written down. A turn that does not ask reaches nothing. Name the hosts that your jobs need, then start the service anew.',
      setKey(configFile, 'codex.sandbox.egressAllowlist', '[registry.npmjs.org]'),
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
    const { codex, paths } = this.settings;
    const { egressAllowlist: allowlist, egressMode: mode } = codex.sandbox;
    const configFile = paths.configFile ?? 'config/risoluto.yaml';
    return Promise.resolve(judgeEgress({ allowlist, mode }, configFile));
  }
}
