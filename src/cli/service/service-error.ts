import { CliError } from '../cli-error.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

/** The service answered, and the answer is an error in its envelope. */
export class ServiceRefusal extends CliError {
  constructor(
    readonly status: number,
    error: { code: string; message: string; details: { field: string; message: string }[] },
    readonly retryAfterMs: number | null,
  ) {
    super(exitCodeOf(error.code), `${error.code}: ${error.message}`, {
      code: error.code,
      details: error.details,
      ...hintFor(error.code),
    });
    this.name = 'ServiceRefusal';
  }
}

/** No answer, or one that is not Risoluto's: nothing is known about what became of the request. */
export class ServiceUnreachable extends CliError {
  /** The request has certainly not arrived. */
  readonly notDelivered: boolean;

  constructor(
    message: string,
    readonly transient: boolean,
    { hint, cause }: { hint: string; cause?: unknown },
  ) {
    super(EXIT.unreachable, message, { code: 'service_unreachable', hint, cause });
    this.name = 'ServiceUnreachable';
    this.notDelivered = NO_CONNECTION.has(codeOf(cause));
  }
}

/** No connection was made. */
const NO_CONNECTION = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** TLS or a peer that does not speak HTTP: the same again tomorrow. */
const LASTING = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO$|HPE_)/;

/** Codes of a proxy in front whose service is away. */
const PROXY_STATUSES = new Set([502, 503, 504]);

/** Answers of 503 that waiting does not change. */
const LASTING_REFUSALS = new Set(['secrets_locked']);

export function unreachable(url: string, cause: unknown): ServiceUnreachable {
  const code = codeOf(cause);
  const what = code || (cause instanceof Error ? cause.message : 'no answer');
  return new ServiceUnreachable(`${url} cannot be reached (${what})`, !LASTING.test(code), {
    hint: 'is the service up? its address: RISOLUTO_URL, or --url',
    cause,
  });
}

/** The same request may well succeed a little later. */
export function isTransient(error: unknown): error is ServiceRefusal | ServiceUnreachable {
  if (error instanceof ServiceUnreachable) return error.transient;
  if (!(error instanceof ServiceRefusal)) return false;
  if (error.code === 'workspace_busy') return true;
  return error.status === 429 || (error.status === 503 && !LASTING_REFUSALS.has(error.code));
}

function codeOf(cause: unknown): string {
  return cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? '') : '';
}

const ACCESS_CODES = new Set([
  'write_unauthorized',
  'read_unauthorized',
  'write_forbidden',
  'read_forbidden',
  'sandbox_forbidden',
]);

function exitCodeOf(code: string): ExitCode {
  return ACCESS_CODES.has(code) ? EXIT.unauthorized : EXIT.refused;
}

function hintFor(code: string): { hint?: string } {
  if (code === 'read_unauthorized') {
    return { hint: 'set RISOLUTO_READ_TOKEN or RISOLUTO_WRITE_TOKEN, or give --token-file' };
  }
  if (code === 'write_unauthorized' || code === 'write_forbidden') {
    return { hint: 'set RISOLUTO_WRITE_TOKEN, or give --token-file' };
  }
  return {};
}

/** The error that an answer of status 400 and above stands for. */
export function errorOf(
  url: string,
  status: number,
  body: unknown,
  retryAfter: string | undefined,
): ServiceRefusal | ServiceUnreachable {
  const error = envelopeOf(body);
  if (error === null) return foreignAnswer(url, status);
  const seconds = /^\d{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) : null;
  return new ServiceRefusal(status, error, seconds === null ? null : seconds * 1000);
}

export function foreignAnswer(url: string, status: number): ServiceUnreachable {
  return new ServiceUnreachable(
    `${url} answered with status ${status}, and not as Risoluto does`,
    PROXY_STATUSES.has(status),
    { hint: 'is this the right address? set RISOLUTO_URL or give --url' },
  );
}

function envelopeOf(body: unknown) {
  const error = field(body, 'error');
  const code = field(error, 'code');
  const message = field(error, 'message');
  if (typeof code !== 'string' || typeof message !== 'string') return null;
  const details = field(error, 'details');
  return { code, message, details: Array.isArray(details) ? details.flatMap(detailOf) : [] };
}

function detailOf(detail: unknown): { field: string; message: string }[] {
  const name = field(detail, 'field');
  const message = field(detail, 'message');
  return typeof name === 'string' && typeof message === 'string' ? [{ field: name, message }] : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
