import { isDeepStrictEqual } from 'node:util';

/**
 * How an overlay may change a setting: to what uses less of the machine than the operator allowed; to
 * one value alone; to fewer of a list's entries; or, what is made to be changed while runs go on, to anything.
 */
type Direction = 'down' | 'up' | { to: string } | { only: string } | 'fewer' | 'any';

interface Overlayable {
  path: RegExp;
  direction: Direction;
  /** The least that an overlay may ask for, unless the operator's own is less. */
  least?: number;
}

/** Enough requests in a window to read an overlay and to put it right. */
const LEAST_RATE_LIMIT = 10;

const OVERLAYABLE: readonly Overlayable[] = [
  { path: /^rateLimits\.(api|webhooks)\.limit$/, direction: 'down', least: LEAST_RATE_LIMIT },
  { path: /^runs\.(maxConcurrent|outputLimit|idleTimeoutSeconds)$/, direction: 'down' },
  { path: /^runs\.minFreeDisk$/, direction: 'up' },
  // What ends with the service uses nothing without it.
  { path: /^runs\.onStop$/, direction: { to: 'end' } },
  { path: /^codex\.sandbox\.egressAllowlist$/, direction: 'any' },
  { path: /^codex\.sandbox\.egressMode$/, direction: { only: 'enforce' } },
  // Another route would send any secret anywhere.
  { path: /^codex\.sandbox\.credentialRoutes$/, direction: 'fewer' },
  // Whoever may write can start any of these runs anyway.
  { path: /^dispatch$/, direction: 'any' },
  { path: /^codex\.sandbox\.timeoutSeconds$/, direction: 'down' },
  { path: /^codex\.sandbox\.resources\.(memory|cpus|pids|tmpfs|workspace)$/, direction: 'down' },
];

/**
 * Whether `path` may be changed while the service runs, by whoever may write: how much, which hosts
 * the gateway lets through, and which event starts which run. What a sandbox is and what it is given are the operator's.
 */
export function isOverlayable(path: string): boolean {
  return OVERLAYABLE.some((one) => one.path.test(path));
}

/**
 * Why an overlay may not ask for `asked` at an overlayable `path`; `null` where it may. `own` is what
 * the operator has stated there, which it may only narrow; `undefined` where that is nothing. Both
 * are values of the checked settings.
 */
export function wideningOf(path: string, asked: unknown, own: unknown): string | null {
  const rule = OVERLAYABLE.find((one) => one.path.test(path));
  if (rule === undefined || asked === own) return null;
  const { direction } = rule;
  if (direction === 'any') return null;
  if (direction === 'fewer')
    return isPart(asked, own)
      ? null
      : 'must hold entries of the operator’s settings, as they are there, and no other';
  if (typeof direction === 'object' && 'only' in direction) {
    return asked === direction.only
      ? null
      : `must be ${direction.only}; ${String(asked)} was asked`;
  }
  if (typeof direction === 'object') {
    if (own === undefined || asked === direction.to) return null;
    const [stated, wanted] = [own, asked] as [string, string];
    return `must be ${stated} as in the operator’s settings, or ${direction.to}; ${wanted} was asked`;
  }
  const wanted = Number(asked);
  const bound = own === undefined ? null : Number(own);
  const least = Math.min(rule.least ?? -Infinity, bound ?? Infinity);
  if (direction === 'down' && wanted < least) {
    return `must be at least ${least}; ${wanted} was asked`;
  }
  if (bound === null || (direction === 'down' ? wanted <= bound : wanted >= bound)) return null;
  const side = direction === 'down' ? 'most' : 'least';
  return `must be at ${side} ${bound}, as in the operator’s settings; ${wanted} was asked`;
}

/** Whether each entry is one of the operator's. */
function isPart(asked: unknown, own: unknown): boolean {
  const entries = Array.isArray(own) ? own : [];
  return (
    Array.isArray(asked) &&
    asked.every((one) => entries.some((other) => isDeepStrictEqual(one, other)))
  );
}
