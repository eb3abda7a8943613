import { Settings } from '../config/settings.js';
import type { DeliveryEntity } from './inbox/delivery.entity.js';
import { parsePayload } from './parse-payload.js';
import type { WebhookEvent } from './rules/event.js';
import { configuredSources, type ConfiguredSource } from './secrets/configured-sources.js';
import type { WebhookSource } from './webhook-source.js';

/** The kinds of senders that there are, and the senders that are set up. */
export class WebhookSources {
  readonly configured: ReadonlyMap<string, ConfiguredSource>;

  constructor(
    readonly kinds: readonly WebhookSource[],
    settings: Settings,
  ) {
    this.configured = configuredSources(kinds, settings);
  }

  /** What a stored delivery says, whether or not its sender is set up still. */
  eventOf({
    source,
    type,
    payload,
  }: Pick<DeliveryEntity, 'source' | 'type' | 'payload'>): WebhookEvent {
    const [name = ''] = source.split('/', 1);
    const kind = this.kinds.find((one) => one.name === name);
    if (kind === undefined) throw new Error(`there is no source ${name}`);
    return kind.read(parsePayload(payload), type, senderOf(source));
  }
}

/** `deploys` of `standard/deploys`, `linear` of `linear`. */
export function senderOf(source: string): string {
  return source.slice(source.indexOf('/') + 1);
}
