import { randomBytes, randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';

import { checkedEgressEntries } from '../../../src/config/egress-entry.js';
import { addressClass } from '../../../src/egress/address-class.js';
import { EgressGateway } from '../../../src/egress/gateway/egress-gateway.js';
import type { GatewayOptions } from '../../../src/egress/gateway/gateway-options.js';
import type {
  EgressRules,
  GatewayAddress,
  GatewaySession,
} from '../../../src/egress/gateway/gateway-session.js';
import { NameResolver } from '../../../src/egress/gateway/name-resolver.js';
import { SystemClock } from '../../../src/kernel/clock.js';
import { MemoryRecorder } from './memory-recorder.js';
import { readAnswer, type HeadAndSocket } from './read-answer.js';

/** Names and their addresses; a function is asked each time. */
export class TableResolver extends NameResolver {
  readonly names = new Map<string, readonly string[] | (() => Promise<readonly string[]>)>();
  readonly asked: string[] = [];

  async resolve(name: string): Promise<readonly string[]> {
    this.asked.push(name);
    const known = this.names.get(name) ?? [];
    return typeof known === 'function' ? known() : known;
  }
}

type Change = Partial<Omit<EgressRules, 'allowlist' | 'limits'>> & {
  allowlist?: string[];
  limits?: Partial<EgressRules['limits']>;
};

/** A gateway on loopback, with sandboxes at other loopback addresses and an internet of their kind. */
export class GatewayLab {
  readonly recorder = new MemoryRecorder();
  readonly resolver = new TableResolver();
  readonly gateway: EgressGateway;
  /** Of this lab alone, so that others on the machine can use the same ports. */
  readonly network = `127.${randomInt(1, 255)}.${randomInt(0, 255)}`;
  at: GatewayAddress = { address: '', port: 0 };
  rules: EgressRules = {
    allowlist: [],
    mode: 'enforce',
    internalRanges: [],
    routes: [],
    limits: { connections: 10_000, newConnectionsPerSecond: 100_000, bytes: 0 },
  };

  constructor(options: Partial<GatewayOptions> = {}) {
    this.gateway = new EgressGateway({
      key: randomBytes(32),
      rules: () => this.rules,
      recorder: this.recorder,
      resolver: this.resolver,
      ownAddresses: () => [],
      clock: new SystemClock(),
      addressFilter: {
        blocked: (address) => {
          const name = addressClass(address);
          return name === 'public' || address.startsWith(`${this.network}.`) ? null : name;
        },
      },
      ...options,
    });
  }

  async start(): Promise<this> {
    this.at = await this.gateway.listen({ address: this.host(1), preferredPort: 0 });
    return this;
  }

  host(number: number): string {
    return `${this.network}.${number}`;
  }

  /** As the operator does it: `rulesChanged` is called too. */
  change({ allowlist, limits, ...rest }: Change): void {
    this.rules = {
      ...this.rules,
      ...rest,
      ...(allowlist && { allowlist: checkedEgressEntries(allowlist) }),
      limits: { ...this.rules.limits, ...limits },
    };
    this.gateway.rulesChanged();
  }

  admit(number = 10, change: Partial<GatewaySession> = {}): GatewaySession {
    const session = {
      runId: `run-${number}`,
      turn: 1,
      address: this.host(number),
      requested: null,
      ...change,
    };
    this.gateway.admit(session);
    return session;
  }

  /** The value of `Proxy-Authorization`. */
  authorization({ runId, turn }: { runId: string; turn: number }): string {
    const { user, password } = this.gateway.credentialsFor(runId, turn);
    return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  /** A connection from a session's address, with nothing sent on it. */
  dial({ address }: { address: string }): Socket {
    const socket = connect({
      host: this.at.address,
      port: this.at.port,
      localAddress: address,
      noDelay: true,
    });
    socket.on('error', () => undefined);
    return socket;
  }

  /** Sends bytes as they are, and reads the head of what comes back. */
  async send(session: GatewaySession, bytes: string | Buffer): Promise<HeadAndSocket> {
    const socket = this.dial(session);
    socket.write(bytes);
    return readAnswer(socket);
  }

  connect(session: GatewaySession, authority: string): Promise<HeadAndSocket> {
    const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
    return this.send(session, `${[...lines, this.#credentials(session)].join('\r\n')}\r\n\r\n`);
  }

  /** A plain request with more header lines and a body; `Host` is `url`'s unless they have one. */
  request(
    session: GatewaySession,
    url: string,
    {
      lines = [],
      body = '',
      method = 'GET',
    }: { lines?: string[]; body?: string; method?: string } = {},
  ): Promise<HeadAndSocket> {
    const host = lines.some((line) => /^host:/i.test(line)) ? [] : [`Host: ${new URL(url).host}`];
    const head = [`${method} ${url} HTTP/1.1`, ...host, this.#credentials(session), ...lines];
    return this.send(session, `${head.join('\r\n')}\r\n\r\n${body}`);
  }

  #credentials(session: GatewaySession): string {
    return `Proxy-Authorization: ${this.authorization(session)}`;
  }
}
