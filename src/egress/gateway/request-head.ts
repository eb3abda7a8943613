import { hostText, parseAuthority } from '../../kernel/host-name.js';
import type { Target } from './allowlist-match.js';
import type { Unread } from './decision-desk.js';
import { HTTP_PORT } from './gateway-options.js';
import { malformed } from './refusal.js';
import { HeaderList, type Framing } from './request-headers.js';

/** As Node's parser gives it. */
export interface RawHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly httpVersion: string;
}

export interface RequestHead {
  readonly target: Target;
  /** In origin form. */
  readonly path: string;
  /** What it says the host is, as `Host` is to be written; `null` where it says nothing. */
  readonly saidHost: string | null;
  readonly framing: Framing;
  /** Name and value by turns, without `Host` and framing. */
  readonly headers: readonly string[];
}

const ABSOLUTE = /^http:\/\/([^/?#]*)((?:[/?][\x21\x22\x24-\x7e]*)?)$/i;
const ORIGIN = /^(?:\*|\/[\x21\x22\x24-\x7e]*)$/;

/** The authority of a CONNECT; throws `Refusal`. */
export function readConnectTarget(head: RawHead): Target {
  const authority = parseAuthority(head.url ?? '');
  if (authority === null || authority.port === null) {
    throw malformed('CONNECT takes host:port, and an IPv6 address in brackets.');
  }
  if (new HeaderList(head.rawHeaders).framing() !== 'none') {
    throw malformed('CONNECT takes no body.');
  }
  return { host: authority.host, port: authority.port };
}

/** Absolute form, or in a tunnel to `fixed` origin form as well; throws `Refusal`. */
export function readRequestHead(head: RawHead, fixed: Target | null): RequestHead {
  const list = new HeaderList(head.rawHeaders);
  const framing = list.framing();
  const [host] = list.values('host');
  checkVersion(head.httpVersion, framing, host);
  const { target, path } = readTarget(head.url ?? '', fixed);
  const saidHost = host === undefined ? null : readHost(host);
  return { target, path, saidHost, framing, headers: list.passedOn() };
}

/** Of a request for the gateway itself, whatever its path is; throws `Refusal`. */
export function readOwnHead(head: RawHead): Pick<RequestHead, 'framing' | 'headers'> {
  const list = new HeaderList(head.rawHeaders);
  const framing = list.framing();
  checkVersion(head.httpVersion, framing, list.values('host')[0]);
  return { framing, headers: list.passedOn() };
}

/** What is written down of a request that is refused, whatever is wrong with it. */
export function askedFor({ url = '', method }: RawHead, fixed: Target | null): Target | Unread {
  const isConnect = method === 'CONNECT';
  const authority = parseAuthority(isConnect ? url : (ABSOLUTE.exec(url)?.[1] ?? ''));
  if (authority === null) return fixed ?? { text: url };
  const port = authority.port ?? (isConnect ? null : HTTP_PORT);
  return port === null ? { text: url } : { host: authority.host, port };
}

/** How `Host` names a target of plain HTTP. */
export function hostHeader({ host, port }: Target): string {
  return port === HTTP_PORT ? hostText(host) : `${hostText(host)}:${port}`;
}

function checkVersion(version: string, framing: Framing, host: string | undefined): void {
  if (version === '1.0' && framing === 'chunked') {
    throw malformed('HTTP/1.0 has no Transfer-Encoding.');
  }
  if (version === '1.1' && host === undefined) throw malformed('The request has no Host.');
  if (version !== '1.0' && version !== '1.1') {
    throw malformed('The versions of HTTP that are taken are 1.0 and 1.1.', 505);
  }
}

function readTarget(url: string, fixed: Target | null): { target: Target; path: string } {
  if (fixed !== null && ORIGIN.test(url)) return { target: fixed, path: url };
  const match = ABSOLUTE.exec(url);
  const authority = parseAuthority(match?.[1] ?? '');
  if (match?.[2] === undefined || authority === null) {
    throw malformed('A proxy takes http://host/path; for https it takes CONNECT.');
  }
  const asked = { host: authority.host, port: authority.port ?? HTTP_PORT };
  const path = match[2].startsWith('/') ? match[2] : `/${match[2]}`;
  if (fixed === null || hostHeader(asked) !== hostHeader(fixed)) return { target: asked, path };
  return { target: fixed, path };
}

function readHost(value: string): string {
  const authority = parseAuthority(value);
  if (authority === null) throw malformed('Host is neither host nor host:port.');
  return hostHeader({ host: authority.host, port: authority.port ?? HTTP_PORT });
}
