import { Settings } from '../config/settings.js';
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
}
