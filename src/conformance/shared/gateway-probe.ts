import type { Bench } from '../bench/bench.js';
import { NETWORK } from '../bench/shape.js';
import type { Subject } from '../bench/subject.js';
import { failed, inconclusive, notApplicable, passed, type Finding } from '../finding.js';
import { findingsOf } from '../inside/batch-script.js';
import { AUTH, PROXY, reachScript, readReach, type Reach } from '../inside/reach-script.js';
import type { Probe } from '../probe.js';

/** A gateway that resolves and connects takes its time; it gives a connection ten seconds. */
const WAIT_SECONDS = 8;
const MOST_NAMED = 5;

/** What an answer of the gateway, or of the host behind it, must be. Pure. */
export type Expectation = (answer: string) => boolean;

/** What is asked of the gateway: what must be refused, and what must not, which is the control. */
export interface GatewayTries {
  readonly refused: Readonly<Record<string, readonly string[]>>;
  readonly allowed: Readonly<Record<string, readonly string[]>>;
}

export interface GatewayProbe {
  readonly id: string;
  readonly title: string;
  /** Why it cannot be tried on this subject; null: it can. */
  applies?: (subject: Subject) => string | null;
  tries(subject: Listed, nonce: string): GatewayTries;
  /** Default: a status of 400 to 499, or the end without an answer. */
  isRefused?: Expectation;
  /** Default: a status of 200 to 299. */
  isAllowed?: Expectation;
}

export interface Listed extends Subject {
  readonly listed: NonNullable<Subject['listed']>;
}

/** Why the gateway has nothing to refuse; null: it has. */
export function withoutGateway({ filtered, observed, listed }: Subject): string | null {
  if (!filtered) return 'no allowlist is set, so there is no gateway';
  if (observed)
    return 'egressMode is observe: nothing is refused but private and metadata addresses';
  if (listed === null) return 'no entry of the allowlist names one host: give --listed-host';
  return null;
}

export function gatewayProbe(spec: GatewayProbe): Probe {
  return {
    id: spec.id,
    title: spec.title,
    group: 'network',
    network: true,
    async attempt(bench: Bench): Promise<Finding> {
      const { subject, nonce } = bench;
      const reason = withoutGateway(subject) ?? spec.applies?.(subject) ?? null;
      if (reason !== null) return notApplicable(reason);
      const tries = spec.tries(subject as Listed, nonce);
      const answer = await bench.inside(NETWORK, reachScript(all(tries)));
      return judgeGateway(spec, tries, findingsOf(answer));
    },
  };
}

function all({ refused, allowed }: GatewayTries): Reach[] {
  return [
    ...Object.values(refused).map((say, n) => throughGateway(`refused${n}`, say)),
    ...Object.values(allowed).map((say, n) => throughGateway(`allowed${n}`, say)),
  ];
}

/** A conversation with the gateway. */
export function throughGateway(name: string, say: readonly string[]): Reach {
  return { name, protocol: 'tcp', host: PROXY, port: PROXY, say, waitSeconds: WAIT_SECONDS };
}

/** Pure. */
export function judgeGateway(
  {
    isRefused = refusedStatus,
    isAllowed = okStatus,
  }: Pick<GatewayProbe, 'isRefused' | 'isAllowed'>,
  tries: GatewayTries,
  found: Readonly<Record<string, string>>,
): Finding {
  if (found.missing !== undefined) return notApplicable(`the image has not ${found.missing}`);
  const results = readReach(found);
  const [bad, good] = [Object.keys(tries.refused), Object.keys(tries.allowed)];
  const answerOf = (name: string) => results.get(name)?.answer;
  const passedBy = bad.filter((_name, n) => {
    const answer = answerOf(`refused${n}`);
    return answer !== undefined && !isRefused(answer);
  });
  if (passedBy.length > 0) return failed(`Not refused: ${passedBy.map(shown).join(', ')}.`);
  const untold = bad.filter((_name, n) => answerOf(`refused${n}`) === undefined);
  if (untold.length > 0) return inconclusive('the sandbox ended before all was tried');
  const failing = good.filter((_name, n) => !isAllowed(answerOf(`allowed${n}`) ?? ''));
  if (failing.length > 0) {
    return inconclusive(`what is allowed fails as well: ${failing.map(shown).join(', ')}`);
  }
  const some = bad.slice(0, MOST_NAMED).map(shown).join(', ');
  const more = bad.length > MOST_NAMED ? ` and ${bad.length - MOST_NAMED} more` : '';
  return passed(`Refused: ${some}${more}. Let through: ${good.map(shown).join(', ')}.`);
}

export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0);
}

/** The gateway says so, or ends the connection without a word. */
function refusedStatus(answer: string): boolean {
  const status = statusOf(answer);
  return answer === '' || (status >= 400 && status < 500);
}

function okStatus(answer: string): boolean {
  const status = statusOf(answer);
  return status >= 200 && status < 300;
}

export function connectTo(target: string): string {
  return `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${AUTH}\r\n\r\n`;
}

export function get(url: string, ...headers: readonly string[]): string {
  return [`GET ${url} HTTP/1.1`, ...headers, AUTH, 'Connection: close', '', ''].join('\r\n');
}

function shown(text: string): string {
  return text.replaceAll('\r', '\\r').replaceAll('\n', '\\n').replaceAll('\0', '\\0');
}
