import type { CredentialRoute } from './credential-route.js';
import { ROUTES_PATH } from './route-environment.js';

export interface RoutePath {
  readonly name: string;
  /** As it was written: empty, or with a slash before it. */
  readonly path: string;
  /** Empty, or with its question mark. */
  readonly query: string;
}

/** More than anybody writes by mistake. */
const MOST_DECODINGS = 4;
const CONTROL = /\p{Cc}/u;
const SLASHES = /[/\\]/;
const ALL = '/*';

/** `null` for a path in origin form that is of no route. */
export function readRoutePath(url: string): RoutePath | null {
  if (!url.startsWith(ROUTES_PATH)) return null;
  const [, name = '', path = '', query = ''] =
    /^([^/?]*)([^?]*)(.*)$/s.exec(url.slice(ROUTES_PATH.length)) ?? [];
  return { name, path, query };
}

/**
 * Whether a path may be asked for. What two readers could take for two paths is refused on every
 * route: `.` and `..` in any notation and however often escaped, backslashes, empty segments, escapes
 * that are no UTF-8. Where the operator lists paths, slashes may not be escaped either, and what is
 * escaped must be on the list once it is read, and once it is read to its end.
 */
export function judgePath(
  path: string,
  { paths }: Pick<CredentialRoute, 'paths'>,
): 'unclear' | 'not_listed' | null {
  const readings = readingsOf(path);
  if (readings === null || readings.some(isUnclear) || path.includes('//')) return 'unclear';
  if (paths.includes(ALL)) return null;
  const segments = path.split('/').length;
  const moved = readings.some((reading) => reading.split(SLASHES).length !== segments);
  if (moved) return 'unclear';
  const listed = [readings[1], readings.at(-1)].every((reading = path) =>
    paths.some((entry) => matches(entry, reading)),
  );
  return listed ? null : 'not_listed';
}

/** The path as it is, and each time decoded once more; `null` where that is no text, or never ends. */
function readingsOf(path: string): string[] | null {
  if (/%(?![0-9a-f]{2})/i.test(path) || strictly(path) === null) return null;
  const readings = [path];
  for (let reading = path; ;) {
    const next = leniently(reading);
    if (next === reading) return readings;
    if (readings.length > MOST_DECODINGS) return null;
    readings.push(next);
    reading = next;
  }
}

function strictly(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** What is no escape stays; what is no UTF-8 is one character a byte. */
function leniently(text: string): string {
  return text.replaceAll(
    /(?:%[0-9a-f]{2})+/gi,
    (escapes) =>
      strictly(escapes) ?? Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('latin1'),
  );
}

function isUnclear(reading: string): boolean {
  if (CONTROL.test(reading) || reading.includes('\\')) return true;
  return reading
    .normalize('NFKC')
    .split(SLASHES)
    .some((segment) => /^\.{1,2}(?:;|$)/.test(segment));
}

function matches(entry: string, path: string): boolean {
  const rest = path === '' ? '/' : path;
  return entry.endsWith(ALL) ? rest.startsWith(entry.slice(0, -1)) : rest === entry;
}
