import type { Settings } from '../../config/settings.js';
import type { Redacted } from '../../kernel/redacted.js';
import type { WebhookSource } from '../webhook-source.js';

/** A sender, as the operator has set it up. */
export interface ConfiguredSource {
  /** `linear`, `github`, `standard/<name>`. */
  readonly id: string;
  readonly kind: WebhookSource;
  /** Of the environment. */
  readonly given: readonly Redacted[];
  /** Names of stored secrets. */
  readonly stored: readonly string[];
}

type Secrets = { readonly secrets: readonly string[] };

/** Every sender that has a secret, by its id. Pure. */
export function configuredSources(
  kinds: readonly WebhookSource[],
  { webhooks, linearWebhookSecrets }: Pick<Settings, 'webhooks' | 'linearWebhookSecrets'>,
): ReadonlyMap<string, ConfiguredSource> {
  const found = kinds.flatMap((kind): ConfiguredSource[] => {
    const given = kind.name === 'linear' ? linearWebhookSecrets : [];
    const settings: unknown = (webhooks as Record<string, unknown>)[kind.name];
    if (settings === undefined) throw new Error(`webhooks.${kind.name} is not in the schema`);
    if (!kind.named) {
      return [{ id: kind.name, kind, given, stored: (settings as Secrets).secrets }];
    }
    return Object.entries(settings as Record<string, Secrets>).map(([name, { secrets }]) => ({
      id: `${kind.name}/${name}`,
      kind,
      given: [],
      stored: secrets,
    }));
  });
  return new Map(
    found
      .filter(({ given, stored }) => given.length + stored.length > 0)
      .map((source) => [source.id, source]),
  );
}
