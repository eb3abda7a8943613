import type { Clock } from '../../kernel/clock.js';
import type { DecisionReason } from '../decisions/decision.js';
import { ExpectedCredentials, type ProxyCredentials } from './credentials.js';
import type { Flow, FlowOwner } from './flow.js';
import type { GatewayTimings } from './gateway-options.js';
import type { EgressRules, GatewaySession } from './gateway-session.js';
import type { LimitReason } from './refusal-text.js';
import type { RouteInUse } from './routes/route-book.js';
import type { FixedTarget } from './target-judge.js';
import { TokenBucket } from './token-bucket.js';
import { WorkGate } from './work-gate.js';

/** Connections beyond the limit that are still told why; the others are closed without a word. */
const TOLD_BEYOND_LIMIT = 64;
const MOST_NAMES_AT_ONCE = 32;

/** How a new connection is taken: served, told of its limit, or closed without a word. */
export interface Entrance {
  readonly limit: LimitReason | null;
  readonly isTold: boolean;
}

/** One connection of it to the gateway. */
export interface SessionClient {
  readonly fixed: FixedTarget | null;
  destroy(): void;
}

/** One request of it on a credential route. */
export interface SessionExchange {
  readonly use: RouteInUse;
  /** Ends it when nothing has moved for too long. */
  look(now: number, timings: GatewayTimings): void;
  cut(reason?: DecisionReason): void;
}

/** What one session may use, and uses. */
export class AdmittedSession implements FlowOwner {
  readonly session: GatewaySession;
  readonly credentials: ExpectedCredentials;
  readonly connections = new Set<SessionClient>();
  readonly flows = new Set<Flow>();
  readonly exchanges = new Set<SessionExchange>();
  /** So that one with many slow names does not fill the resolver. */
  readonly resolving = new WorkGate(MOST_NAMES_AT_ONCE);
  #limits: EgressRules['limits'];
  readonly #starts: TokenBucket;
  readonly #refusals: TokenBucket;
  readonly #floods: TokenBucket;
  #bytes = 0;

  constructor(
    session: GatewaySession,
    credentials: ProxyCredentials,
    { limits, clock }: { limits: EgressRules['limits']; clock: Clock },
  ) {
    this.session = session;
    this.credentials = new ExpectedCredentials(credentials);
    this.#limits = limits;
    this.#starts = new TokenBucket(clock);
    this.#refusals = new TokenBucket(clock);
    this.#floods = new TokenBucket(clock);
  }

  get limits(): EgressRules['limits'] {
    return this.#limits;
  }

  limitsChanged(limits: EgressRules['limits']): void {
    this.#limits = limits;
    this.count(0);
  }

  /** For a connection that is to be added to `connections`. */
  enter(): Entrance {
    const { connections, newConnectionsPerSecond } = this.#limits;
    const limit = this.connections.size >= connections ? 'connection_limit' : this.start();
    if (limit === null) return { limit, isTold: true };
    const near = this.connections.size < connections + TOLD_BEYOND_LIMIT;
    return { limit, isTold: near && this.#refusals.take(newConnectionsPerSecond) };
  }

  /** For one more request of a connection that was let in; `null`: it may. */
  start(): LimitReason | null {
    return this.#starts.take(this.#limits.newConnectionsPerSecond) ? null : 'rate_limit';
  }

  /** Whether what is closed without a word is to be written down: once in two seconds. */
  floodIsWrittenDown(): boolean {
    return this.#floods.take(0.5);
  }

  get bytesAreUsedUp(): boolean {
    const { bytes } = this.#limits;
    return bytes > 0 && this.#bytes >= bytes;
  }

  /** Beyond the limit every flow is cut. */
  count(bytes: number): void {
    this.#bytes += bytes;
    const most = this.#limits.bytes;
    if (most > 0 && this.#bytes > most) this.#cutFlows('byte_limit');
  }

  end(): void {
    this.#cutFlows();
    for (const connection of this.connections) connection.destroy();
  }

  #cutFlows(reason?: DecisionReason): void {
    for (const flow of this.flows) flow.cut(reason);
    for (const exchange of this.exchanges) exchange.cut(reason);
  }
}
