import { plainText } from '../text/plain-text.js';
import { SendFailure, type Consequence } from '../sender/send-failure.js';

const MOST_MESSAGE = 300;
/** Without a word of the server’s: until its next window, in part. */
const UNASKED_QUIET_MS = 60_000;

/** As `@linear/sdk` throws it; its classes are loaded with the first request alone. */
interface SdkError {
  readonly type?: string;
  readonly status?: number;
  readonly errors?: readonly { readonly message?: string }[];
  readonly message?: string;
  readonly raw?: {
    readonly name?: string;
    readonly cause?: { readonly code?: string };
    readonly response?: {
      readonly headers?: Headers;
      readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[];
    };
  };
}

/** What no other attempt would change. A wrong key can be put right meanwhile, and is tried again. */
const REFUSED: Readonly<Record<string, string>> = {
  FeatureNotAccessible: 'feature_not_accessible',
  Forbidden: 'forbidden',
  GraphqlError: 'request_refused',
  InvalidInput: 'request_refused',
  UsageLimitExceeded: 'usage_limit_exceeded',
  UserError: 'request_refused',
};

/** What follows from an error of the SDK. `secret` is in no text of it. */
export function linearFailure(error: unknown, secret: string, now: number): SendFailure {
  const sdk = error as SdkError;
  const message = safeMessage(sdk, secret);
  const fail = (reason: string, consequence: Consequence, quietMs?: number) =>
    new SendFailure(reason, message, { consequence, quietMs, answered: sdk.status !== undefined });
  if (isRateLimited(sdk))
    return fail('rate_limited', 'retry', wantedQuietMs(sdk.raw?.response, now));
  if (sdk.status === undefined) {
    const timedOut = sdk.raw?.name === 'TimeoutError';
    return fail(timedOut ? 'no_answer_in_time' : 'unreachable', 'retry');
  }
  if (sdk.status >= 500) return fail('server_error', 'retry');
  if (sdk.status === 401 || sdk.type === 'AuthenticationError') return fail('key_refused', 'retry');
  const refused = REFUSED[sdk.type ?? ''];
  return refused === undefined ? fail('unknown_error', 'retry') : fail(refused, 'give_up');
}

function isRateLimited({ type, status, raw }: SdkError): boolean {
  if (type === 'Ratelimited' || status === 429) return true;
  return (
    raw?.response?.errors?.some(({ extensions }) => extensions?.code === 'RATELIMITED') ?? false
  );
}

function safeMessage({ errors, message, raw }: SdkError, secret: string): string {
  const text = errors?.[0]?.message ?? raw?.cause?.code ?? message ?? 'unknown error';
  const plain = plainText(text.replaceAll(secret, '***')).replaceAll(/\s+/g, ' ');
  return plain.length > MOST_MESSAGE ? `${plain.slice(0, MOST_MESSAGE)}…` : plain;
}

/** For how long the server wants to be left alone. */
function wantedQuietMs(response: { headers?: Headers } | undefined, now: number): number {
  const headers = response?.headers;
  return retryAfterMs(headers, now) ?? resetMs(headers, now) ?? UNASKED_QUIET_MS;
}

function retryAfterMs(headers: Headers | undefined, now: number): number | null {
  const text = headers?.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** Until the last of the allowances that are used up is there again, or the first, where none says so. */
function resetMs(headers: Headers | undefined, now: number): number | null {
  const windows = ['requests', 'complexity', 'endpoint-requests'].flatMap((name) => {
    const at = epochMs(headers?.get(`x-ratelimit-${name}-reset`));
    if (at === null) return [];
    const usedUp = headers?.get(`x-ratelimit-${name}-remaining`)?.trim() === '0';
    return [{ usedUp, ms: Math.max(0, at - now) }];
  });
  const usedUp = windows.filter((window) => window.usedUp).map(({ ms }) => ms);
  if (usedUp.length > 0) return Math.max(...usedUp);
  return windows.length === 0 ? null : Math.min(...windows.map(({ ms }) => ms));
}

/** Milliseconds since 1970 as documented, or seconds as others have it. */
function epochMs(text: string | null | undefined): number | null {
  if (text === null || text === undefined || !/^\d{1,16}$/.test(text.trim())) return null;
  const value = Number(text);
  return value < 100_000_000_000 ? value * 1000 : value;
}
