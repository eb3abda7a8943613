import { AdmittedSession } from './admitted-session.js';
import { credentialsOf, type ProxyCredentials } from './credentials.js';
import { DecisionDesk } from './decision-desk.js';
import { ConnectionOpener } from './connection-opener.js';
import { GatewayClients } from './gateway-clients.js';
import { GatewayListener } from './gateway-listener.js';
import { HTTP_PORT, TIMINGS, type GatewayOptions, type GatewayTimings } from './gateway-options.js';
import type { GatewayAddress, GatewaySession } from './gateway-session.js';
import { ProxyRequests } from './proxy-requests.js';
import type { CredentialState } from './routes/credential-route.js';
import { RouteBook } from './routes/route-book.js';
import { RouteRequests } from './routes/route-requests.js';
import { TargetJudge } from './target-judge.js';

export interface ListenAt {
  readonly address: string;
  /** 0: any. */
  readonly preferredPort: number;
}

interface Listening {
  readonly listener: GatewayListener;
  readonly at: Promise<GatewayAddress>;
}

/**
 * The HTTP proxy that is all of the network for sandboxes with an allowlist: CONNECT and plain HTTP,
 * for admitted sessions alone, by source address and credentials both. It writes down every
 * connection that it allows or denies.
 */
export class EgressGateway {
  readonly #options: GatewayOptions;
  readonly #timings: GatewayTimings;
  readonly #desk: DecisionDesk;
  readonly #judge: TargetJudge;
  readonly #clients: GatewayClients;
  readonly #book: RouteBook;
  readonly #routes: RouteRequests;
  readonly #sessions = new Map<string, AdmittedSession>();
  readonly #listeners = new Map<string, Listening>();
  readonly #bound = new Map<string, GatewayAddress>();
  #lookTimer: NodeJS.Timeout | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#timings = { ...TIMINGS, ...options.timings };
    const { resolveMs, connectMs, helloMs } = this.#timings;
    const desk = new DecisionDesk(options.recorder, options.clock);
    const judge = new TargetJudge(options, resolveMs);
    const opener = new ConnectionOpener(judge, connectMs);
    const requests = new ProxyRequests({
      desk,
      opener,
      helloMs,
      httpPort: options.httpPort ?? HTTP_PORT,
      enforces: () => judge.enforces,
    });
    this.#desk = desk;
    this.#judge = judge;
    this.#book = new RouteBook(options.rules);
    const { book, clock } = { book: this.#book, clock: options.clock };
    this.#routes = new RouteRequests({ desk, judge, connectMs, book, clock });
    this.#clients = new GatewayClients({
      requests,
      routes: this.#routes,
      desk,
      mostConnections: options.mostConnections,
      sessionOf: (address) => this.#sessions.get(address),
    });
  }

  /** Where it listens now. */
  get listening(): readonly GatewayAddress[] {
    return [...this.#bound.values()];
  }

  /**
   * On this address alone, on the preferred port or the first of the 15 after it that is free. More
   * calls for an address change nothing and answer the same. Rejects where no port can be had.
   */
  async listen({ address, preferredPort }: ListenAt): Promise<GatewayAddress> {
    const known = this.#listeners.get(address);
    if (known) return known.at;
    const listener = new GatewayListener(this.#clients, this.#timings);
    const at = listener.listen(address, preferredPort);
    this.#listeners.set(address, { listener, at });
    this.#lookTimer ??= setInterval(() => this.#look(), this.#timings.lookMs).unref();
    try {
      const bound = await at;
      if (this.#listeners.has(address)) this.#bound.set(address, bound);
      return bound;
    } catch (error) {
      this.#listeners.delete(address);
      throw error;
    }
  }

  /** From now on; a session that has the address already is cut. */
  admit(session: GatewaySession): void {
    const before = this.#sessions.get(session.address);
    before?.end();
    if (before) this.#routes.close(before);
    const { limits } = this.#options.rules();
    const credentials = this.credentialsFor(session.runId, session.turn);
    const { clock } = this.#options;
    this.#sessions.set(
      session.address,
      new AdmittedSession(session, credentials, { limits, clock }),
    );
  }

  /** Cuts every connection of the address at once; resolves when its decisions are durable. */
  async dismiss(address: string): Promise<void> {
    const session = this.#sessions.get(address);
    if (!session) return;
    this.#sessions.delete(address);
    session.end();
    this.#routes.close(session);
    await this.#desk.settled(session.session);
  }

  credentialsFor(runId: string, turn: number): ProxyCredentials {
    return credentialsOf(this.#options.key, runId, turn);
  }

  /** Holds everything that is open against the rules as they are now, and cuts what no longer may be. */
  rulesChanged(): void {
    const { limits } = this.#options.rules();
    for (const session of this.#sessions.values()) {
      session.limitsChanged(limits);
      this.#review(session);
    }
  }

  /**
   * What is added on each credential route from now on, by its name, in place of what was said before.
   * Requests that go on with something else are cut.
   */
  credentialsChanged(credentials: ReadonlyMap<string, CredentialState>): void {
    this.#book.replaceCredentials(credentials);
    for (const session of this.#sessions.values()) this.#reviewRoutes(session);
  }

  /** Cuts everything and listens no more; resolves when all decisions are durable. */
  async close(): Promise<void> {
    clearInterval(this.#lookTimer);
    for (const { listener } of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    this.#bound.clear();
    await Promise.all([...this.#sessions.keys()].map((address) => this.dismiss(address)));
  }

  summary(): { sessions: number; connections: number } {
    return { sessions: this.#sessions.size, connections: this.#clients.count };
  }

  #reviewRoutes({ exchanges }: AdmittedSession): void {
    for (const exchange of exchanges) {
      if (!this.#book.stillHolds(exchange.use)) exchange.cut('route_revoked');
    }
  }

  #review(session: AdmittedSession): void {
    this.#reviewRoutes(session);
    this.#routes.closeIdle(session);
    for (const flow of session.flows) {
      const { target, address } = flow.opened;
      const passes = this.#judge.stillPasses(target, [address], session.session);
      const brokeRules = flow.isObserved && this.#judge.enforces;
      if (!passes || brokeRules) flow.cut('no_longer_listed');
    }
    for (const client of session.connections) {
      if (client.fixed === null) continue;
      const { target, addresses } = client.fixed;
      if (!this.#judge.stillPasses(target, addresses, session.session)) client.destroy();
    }
  }

  #look(): void {
    const now = this.#options.clock.monotonicMs();
    for (const { flows, exchanges } of this.#sessions.values()) {
      for (const flow of flows) flow.look(now, this.#timings);
      for (const exchange of exchanges) exchange.look(now, this.#timings);
    }
  }
}
