import { z } from 'zod';

import { isSendable } from '../route-credential.js';
import type { LoginTokens } from './login-tokens.js';

/** Of Codex, which is a public client: no secret belongs to it. */
const CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann';
const MOST_BYTES = 256 * 1024;

/** Codes of errors after which the same refresh token is never taken again. */
const FINAL: ReadonlySet<string> = new Set([
  'invalid_grant',
  'refresh_token_expired',
  'refresh_token_invalidated',
  'refresh_token_reused',
]);

const text = z.string().min(1).max(16_384);
const answerSchema = z.object({
  access_token: text.refine(isSendable),
  refresh_token: text.nullish(),
  id_token: text.nullish(),
});

/** `final`: trying again is of no use. `reason`: for people; holds nothing that was sent or answered. */
export type Renewal =
  { readonly tokens: LoginTokens } | { readonly reason: string; readonly final: boolean };

export interface RenewalRequest {
  readonly url: string;
  readonly timeoutMs: number;
}

/** Asks for new tokens once. What was asked with may be spent afterwards. Never rejects. */
export async function renewedTokens(
  tokens: LoginTokens,
  { url, timeoutMs }: RenewalRequest,
): Promise<Renewal> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({
        client_id: CLIENT_ID,
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh,
      }),
      // The token goes nowhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body = await bodyOf(response);
    return response.ok ? tokensIn(body, tokens) : failureOf(response.status, body);
  } catch (error) {
    return { reason: faultOf(error), final: false };
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return null;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return null;
  }
}

function tokensIn(body: unknown, before: LoginTokens): Renewal {
  const { data } = answerSchema.safeParse(body);
  if (data === undefined) return { reason: 'an answer without an access token', final: false };
  return {
    tokens: {
      access: data.access_token,
      refresh: data.refresh_token ?? before.refresh,
      id: data.id_token ?? before.id,
      account: before.account,
    },
  };
}

function failureOf(status: number, body: unknown): Renewal {
  const { error, code } = (body ?? {}) as { error?: unknown; code?: unknown };
  const inner = (error as { code?: unknown } | null | undefined)?.code;
  const known = [error, inner, code].find((one) => typeof one === 'string' && FINAL.has(one));
  if (typeof known === 'string') return { reason: `${status} ${known}`, final: true };
  return { reason: `status ${status}`, final: status === 401 };
}

/** The text of an error could hold what was sent. */
function faultOf(error: unknown): string {
  if ((error as Error).name === 'TimeoutError') return 'no answer in time';
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'no connection';
}
