import { quotedWord } from '../../kernel/shell-words.js';
import { REACH_PERL } from './reach-perl.js';
import { REACH_PYTHON } from './reach-python.js';

/** In place of a host: the default route’s other end, which is known inside alone. */
export const GATEWAY = 'GATEWAY';
/** In place of a host and of a port: the gateway that `HTTP_PROXY` names. */
export const PROXY = 'PROXY';
/** In what is said: the header with the sandbox’s credentials for the proxy. */
export const AUTH = '@AUTH@';

/** One try to reach something. */
export interface Reach {
  /** Without spaces. */
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'sctp';
  /** An address, `GATEWAY` or `PROXY`. */
  readonly host: string;
  /** `PROXY`: the port of it. */
  readonly port: number | typeof PROXY;
  /** Latin-1; each when something has come back for the one before. */
  readonly say?: readonly string[];
  /** Default: what a machine beside this one needs. */
  readonly waitSeconds?: number;
}

/**
 * `open`: connected, or answered where there is no connection. `refused`: something said no.
 * `silent`: nothing did. `unreachable`: the sandbox’s own kernel had no way. `unsupported`: its
 * kernel knows no such protocol.
 */
export type ReachOutcome = 'open' | 'refused' | 'silent' | 'unreachable' | 'unsupported';

export interface Reached {
  readonly outcome: ReachOutcome;
  /** What came back, Latin-1, its first 1,500 bytes. */
  readonly answer: string;
}

const WAIT_SECONDS = 1.5;

/** Tries all of them, many at once; `missing …` where the image has neither perl nor python3. */
export function reachScript(tries: readonly Reach[]): string {
  const words = tries.map(({ name, protocol, host, port, say = [], waitSeconds }) =>
    [name, protocol, host, port, waitSeconds ?? WAIT_SECONDS, ...say.map(hex)].join(' '),
  );
  return `set -- ${words.map(quotedWord).join(' ')}
if command -v perl >/dev/null; then exec perl -e '${REACH_PERL}' -- "$@"
elif command -v python3 >/dev/null; then exec python3 -c '${REACH_PYTHON}' "$@"
else echo "missing perl or python3"; fi`;
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex') || '-';
}

/** What such a script printed, by name; a try that is not told of is not there. Pure. */
export function readReach(found: Readonly<Record<string, string>>): Map<string, Reached> {
  const reached = new Map<string, Reached>();
  for (const [name, value] of Object.entries(found)) {
    const [, outcome, answer = ''] =
      /^(open|refused|silent|unreachable|unsupported)(?: ([0-9a-f]*))?$/.exec(value) ?? [];
    if (!name.startsWith('try:') || outcome === undefined) continue;
    reached.set(name.slice(4), {
      outcome: outcome as ReachOutcome,
      answer: Buffer.from(answer, 'hex').toString('latin1'),
    });
  }
  return reached;
}
