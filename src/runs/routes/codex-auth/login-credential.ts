import {
  CODEX_HEADERS,
  type RouteCredential,
} from '../../../egress/gateway/routes/credential-route.js';
import { Redacted } from '../../../kernel/redacted.js';
import { formsOf, stampOf } from '../route-credential.js';
import type { HostLogin, LoginTokens } from './login-tokens.js';

const [AUTHORIZATION, ACCOUNT] = CODEX_HEADERS;

export interface LoginInUse {
  readonly host: HostLogin;
  /** What was renewed of it, newest first. */
  readonly renewed: readonly LoginTokens[];
  /** Told that the upstream did not take the access token. */
  readonly refused: () => Promise<void>;
}

/**
 * What the gateway adds for a login. Its stamp stays the same when tokens are renewed, so that
 * answers that still come for the token before go on; another login in the file cuts them.
 */
export function loginCredential({ host, renewed, refused }: LoginInUse): RouteCredential {
  const { apiKey, fingerprint } = host;
  const all = [...renewed, ...(host.tokens === null ? [] : [host.tokens])];
  const [current] = all;
  const bearer = `Bearer ${current?.access ?? apiKey ?? ''}`;
  const account = current?.account ?? null;
  const values = all.flatMap(({ access, refresh, id }) => [access, refresh, id]);
  return {
    headers: [
      { name: AUTHORIZATION, value: new Redacted(bearer) },
      ...(account === null ? [] : [{ name: ACCOUNT, value: new Redacted(account) }]),
    ],
    forms: formsOf([...new Set([...values, apiKey ?? ''])]),
    stamp: stampOf(fingerprint),
    ...(current !== undefined && { refused }),
  };
}
