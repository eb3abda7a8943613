import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a sandbox puts into the URL of its proxy. */
export interface ProxyCredentials {
  readonly user: string;
  readonly password: string;
}

/** The same for the same key, run and turn, so that nothing has to be kept to know them again. */
export function credentialsOf(key: Buffer, runId: string, turn: number): ProxyCredentials {
  const password = createHmac('sha256', key).update(`${runId}/${turn}`).digest('base64url');
  return { user: runId, password };
}

export type CredentialsVerdict = 'right' | 'wrong' | 'missing';

/**
 * One set of credentials that a `Proxy-Authorization` header is held against. How long that takes
 * says nothing but how long they are, which is no secret.
 */
export class ExpectedCredentials {
  readonly #bytes: Buffer;

  constructor({ user, password }: ProxyCredentials) {
    this.#bytes = Buffer.from(`${user}:${password}`);
  }

  check(header: string | undefined): CredentialsVerdict {
    if (header === undefined) return 'missing';
    const encoded = /^basic +([A-Za-z0-9+/_=-]+) *$/i.exec(header)?.[1];
    if (encoded === undefined) return 'wrong';
    const bytes = Buffer.from(encoded, 'base64');
    if (bytes.length !== this.#bytes.length) return 'wrong';
    return timingSafeEqual(bytes, this.#bytes) ? 'right' : 'wrong';
  }
}
