/** A host as every part of the product compares it: one spelling for one host. */
export interface Host {
  readonly kind: 'name' | 'ipv4' | 'ipv6';
  /**
   * A name in lower case and punycode without a trailing dot; IPv4 as four decimal numbers; IPv6 as
   * RFC 5952 writes it, without brackets.
   */
  readonly text: string;
}

/** What no host holds, and what parsers read in two ways: white space, user names, escapes, paths. */
const REFUSED = /[\p{Cc}\p{Zs}\p{Zl}\p{Zp}@/\\%?#<>^|]/u;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const LONGEST_TEXT = 1024;
const LONGEST_NAME = 253;

/**
 * The host that `text` names, by the WHATWG URL standard's host parser: it maps case, punycode and
 * every notation of an IPv4 address (`0x7f.1`, `017700000001`, `2130706433`) to one form. IPv6 is
 * taken in brackets only, and with no zone. `null` for anything that is no host.
 */
export function parseHost(text: string): Host | null {
  if (text === '' || text.length > LONGEST_TEXT || REFUSED.test(text)) return null;
  const bracketed = text.startsWith('[');
  if (!bracketed && text.includes(':')) return null;
  const undotted = !bracketed && text.endsWith('.') ? text.slice(0, -1) : text;
  const url = `http://${undotted}/`;
  if (!URL.canParse(url)) return null;
  const { hostname, port, username, pathname } = new URL(url);
  if (port !== '' || username !== '' || pathname !== '/') return null;
  if (hostname.startsWith('[')) return { kind: 'ipv6', text: hostname.slice(1, -1) };
  if (/^\d+\.\d+\.\d+\.\d+$/.test(hostname)) return { kind: 'ipv4', text: hostname };
  const labels = hostname.split('.');
  const named = hostname.length <= LONGEST_NAME && labels.every((label) => LABEL.test(label));
  return named ? { kind: 'name', text: hostname } : null;
}

/** `host`, or `host:port`, an IPv6 address in brackets; `null` where it is neither. */
export function parseAuthority(text: string): { host: Host; port: number | null } | null {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]{1,5}))?$/.exec(text);
  if (match?.[1] === undefined) return null;
  const host = parseHost(match[1]);
  const port = match[2] === undefined ? null : Number(match[2]);
  if (host === null || port === 0 || (port ?? 0) > 65_535) return null;
  return { host, port };
}

/** As an authority writes it: IPv6 in brackets. */
export function hostText({ kind, text }: Host): string {
  return kind === 'ipv6' ? `[${text}]` : text;
}
