import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

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

/** One set of credentials that a `Proxy-Authorization` header is held against, in constant time. */
export class ExpectedCredentials {
  readonly #digest: Buffer;

  constructor({ user, password }: ProxyCredentials) {
    this.#digest = digest(Buffer.from(`${user}:${password}`));
  }

  check(header: string | undefined): CredentialsVerdict {
    if (header === undefined) return 'missing';
    const encoded = /^basic +([A-Za-z0-9+/_=-]+) *$/i.exec(header)?.[1];
    if (encoded === undefined) return 'wrong';
    const right = timingSafeEqual(digest(Buffer.from(encoded, 'base64')), this.#digest);
    return right ? 'right' : 'wrong';
  }
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
