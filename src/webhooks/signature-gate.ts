import { createSecretKey, type KeyObject } from 'node:crypto';

import { Injectable } from '@nestjs/common';

import { DomainError } from '../kernel/domain-error.js';
import type { ConfiguredSource } from './secrets/configured-sources.js';
import { SourceSecrets, type UsableSecrets } from './secrets/source-secrets.js';
import type { SignedRequest, WebhookSource } from './webhook-source.js';

/** A sender that is told to come again later does so by its own plan; this is for others. */
const RETRY_AFTER_S = 60;

/** Lets through what a secret of its source signs. */
@Injectable()
export class SignatureGate {
  /** Forgotten together with the secrets that they were made of. */
  readonly #keys = new WeakMap<UsableSecrets, readonly KeyObject[]>();

  constructor(private readonly secrets: SourceSecrets) {}

  /**
   * @throws DomainError `webhook_not_configured`, `secrets_locked`, `signature_missing`,
   * `signature_invalid`
   */
  async verify(source: ConfiguredSource, request: SignedRequest): Promise<void> {
    const usable = await this.secrets.of(source);
    const keys = this.#keysOf(source.kind, usable);
    if (keys.length === 0) throw usable.locked ? locked() : notConfigured();
    const verdict = source.kind.verify(request, keys);
    if (verdict === 'valid') return;
    if (verdict === 'missing') {
      throw new DomainError('signature_missing', 'The request carries no signature of its source');
    }
    // It may be signed with one that cannot be read now: the sender shall come again.
    if (usable.locked) throw locked();
    throw new DomainError('signature_invalid', 'No secret of this source signs this request so');
  }

  #keysOf(kind: WebhookSource, usable: UsableSecrets): readonly KeyObject[] {
    let keys = this.#keys.get(usable);
    if (keys === undefined) {
      keys = usable.secrets.flatMap((secret) => {
        const key = kind.keyOf(secret);
        return key === null ? [] : [createSecretKey(key)];
      });
      this.#keys.set(usable, keys);
    }
    return keys;
  }
}

export function notConfigured(): DomainError {
  return new DomainError(
    'webhook_not_configured',
    'No secret is configured for this source, so nothing it sends can be verified',
    { retryAfterSeconds: RETRY_AFTER_S },
  );
}

function locked(): DomainError {
  return new DomainError(
    'secrets_locked',
    'The secret of this source cannot be read: the service was started without its master key',
    { retryAfterSeconds: RETRY_AFTER_S },
  );
}
