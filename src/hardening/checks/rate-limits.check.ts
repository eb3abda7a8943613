import type { Settings } from '../../config/settings.js';
import {
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';
import { lines, setKey } from '../shell.js';

/** More than a thousand requests a second from one address is no limit. */
const NO_LIMIT = 60_000;

/** Whether the limits still limit. Pure. */
export function judgeRateLimits(
  limits: { api: { limit: number }; webhooks: { limit: number } },
  configFile: string,
): HardeningFinding {
  const told = `${limits.api.limit} requests of the API and ${limits.webhooks.limit} webhooks an address in 60 s`;
  if (limits.api.limit < NO_LIMIT && limits.webhooks.limit < NO_LIMIT) {
    return passed(`At most ${told}.`);
  }
  const remedies = [
    ...(limits.api.limit < NO_LIMIT ? [] : [setKey(configFile, 'rateLimits.api.limit', '300')]),
    ...(limits.webhooks.limit < NO_LIMIT
      ? []
      : [setKey(configFile, 'rateLimits.webhooks.limit', '600')]),
  ];
  return warned(
    `The limits are so high that they stop nobody: ${told}. The defaults are 300 and 600. Then start the service anew.`,
    lines(...remedies),
  );
}

export class RateLimitsCheck implements HardeningCheck {
  readonly id = 'rate-limits';
  readonly title = 'Rate limits';
  readonly kind = 'quick';

  constructor(private readonly settings: Settings) {}

  check(): Promise<HardeningFinding> {
    const { rateLimits, paths } = this.settings;
    return Promise.resolve(judgeRateLimits(rateLimits, paths.configFile ?? 'config/risoluto.yaml'));
  }
}
