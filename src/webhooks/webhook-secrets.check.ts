import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../kernel/hardening.js';
import { shellWord } from '../kernel/shell-words.js';
import type { SourceSecrets } from './secrets/source-secrets.js';
import type { WebhookSources } from './webhook-sources.js';

const LEAST_BYTES = 16;
const LEAST_DIFFERENT_BYTES = 8;
/** What somebody types rather than makes: letters or digits alone, or words with dashes. */
const TYPED = /^([a-z]+|[A-Z]+|[A-Z]?[a-z]+|\d+)([-_ .][A-Za-z]+)*$/;

export interface SourceFacts {
  /** `linear`, `github`, `standard/<name>`. */
  readonly id: string;
  /** Keys that it may be signed with; `null` for a secret that cannot be one. */
  readonly keys: readonly (Buffer | null)[];
  /** Stored secrets that the settings name and that do not exist. */
  readonly missing: readonly string[];
  readonly locked: boolean;
}

/** Whoever guesses the secret starts what the rules start. Pure. */
export function judgeWebhookSecrets(sources: readonly SourceFacts[]): HardeningFinding {
  if (sources.length === 0) {
    return passed('No webhook sender has a secret, so every delivery is refused.');
  }
  const weak = sources.filter(({ keys }) => keys.some((key) => key !== null && isWeak(key)));
  if (weak.length > 0) {
    return failed(
      `A secret of ${named(weak)} has fewer than ${LEAST_BYTES} bytes or looks like a word: whoever guesses it can send deliveries. Make one, give it to the sender too, and set it.`,
      'openssl rand -hex 32',
    );
  }
  const unusable = sources.filter(({ keys }) => keys.includes(null));
  if (unusable.length > 0) {
    return warned(
      `A secret of ${named(unusable)} is not in the form of its kind (whsec_ and base64), so it verifies nothing.`,
      'openssl rand -base64 32',
    );
  }
  const missing = sources.filter((one) => one.missing.length > 0);
  if (missing.length > 0) {
    const names = [...new Set(missing.flatMap((one) => one.missing))];
    return warned(
      `The settings name secrets for ${named(missing)} that do not exist: ${names.join(', ')}.`,
      names.map((name) => `npx risoluto secrets set ${shellWord(name)}`).join('\n'),
    );
  }
  const locked = sources.filter((one) => one.locked);
  if (locked.length > 0) {
    return warned(
      `Secrets of ${named(locked)} cannot be read without the master key: deliveries are put off with 503.`,
      null,
    );
  }
  return passed(`${named(sources)}: each has a secret that is no word and long enough.`);
}

function named(sources: readonly SourceFacts[]): string {
  return sources.map(({ id }) => id).join(', ');
}

function isWeak(key: Buffer): boolean {
  const different = new Set(key).size;
  const text = key.toString('latin1');
  return key.length < LEAST_BYTES || different < LEAST_DIFFERENT_BYTES || TYPED.test(text);
}

export class WebhookSecretsCheck implements HardeningCheck {
  readonly id = 'webhook-secrets';
  readonly title = 'Secrets of webhook senders';
  readonly kind = 'quick';

  constructor(
    private readonly sources: WebhookSources,
    private readonly secrets: SourceSecrets,
  ) {}

  async check(): Promise<HardeningFinding> {
    const facts = [...this.sources.configured.values()].map(async (source) => {
      const { secrets, missing, locked } = await this.secrets.of(source);
      const keys = secrets.map((secret) => source.kind.keyOf(secret));
      return { id: source.id, keys, missing, locked };
    });
    return judgeWebhookSecrets(await Promise.all(facts));
  }
}
