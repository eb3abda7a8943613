import { createHash } from 'node:crypto';

/** As Codex keeps them after a login with ChatGPT. In memory alone, or sealed. */
export interface LoginTokens {
  readonly access: string;
  readonly refresh: string;
  readonly id: string;
  /** `null`: the file names none. */
  readonly account: string | null;
}

/** What an `auth.json` of Codex holds. */
export interface HostLogin {
  /** Used where there are no tokens. */
  readonly apiKey: string | null;
  readonly tokens: LoginTokens | null;
  /** Other for another login; the same however the file is laid out. */
  readonly fingerprint: string;
}

export function fingerprintOf(apiKey: string | null, tokens: LoginTokens | null): string {
  const { access, refresh, id, account } = tokens ?? {};
  const all = JSON.stringify([apiKey, access, refresh, id, account]);
  return createHash('sha256').update(all).digest('base64url');
}

/** When an access token ends, in milliseconds; `null` where it does not tell. Nothing is verified. */
export function expiryOf(accessToken: string): number | null {
  const payload = accessToken.split('.')[1];
  if (payload === undefined) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    const exp = (claims as { exp?: unknown } | null)?.exp;
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : null;
  } catch {
    return null;
  }
}
