import type { Socket } from 'node:net';

import { closeGently } from './answers.js';
import type { ClientConnection } from './client-connection.js';
import { ClientHelloReader, type HelloState } from './client-hello-reader.js';
import type { DecisionDesk } from './decision-desk.js';
import { Flow, type Opened } from './flow.js';
import { HeldBytes } from './held-bytes.js';
import { joinEnds, pump } from './relay.js';
import type { UpstreamReader } from './upstream-reader.js';
import { alertFor, judgeHello, TLS_PORTS, type ServerNameReason } from './server-name-rule.js';

export interface TunnelRules {
  readonly desk: DecisionDesk;
  readonly helloMs: number;
  /** Whether what breaks the rule of server names is refused, as it is now. */
  readonly enforces: () => boolean;
}

/**
 * The bytes of a CONNECT, from the answer to it. None of the client's is passed on before they were
 * seen to be a ClientHello for the host that was asked for, or, where the port allows that, no TLS.
 */
export class Tunnel {
  readonly #client: ClientConnection;
  readonly #upstream: Socket;
  readonly #rules: TunnelRules;
  readonly #flow: Flow;
  readonly #mustBeTls: boolean;
  readonly #reader: UpstreamReader;
  /** `null` once it is decided what becomes of the client's bytes. */
  #hello: ClientHelloReader | null = new ClientHelloReader();
  #held = new HeldBytes();
  #helloTimer: NodeJS.Timeout | undefined;

  constructor(
    client: ClientConnection,
    { opened, reader }: { opened: Opened; reader: UpstreamReader },
    rules: TunnelRules,
  ) {
    const { session } = client;
    this.#client = client;
    this.#upstream = opened.socket;
    this.#reader = reader;
    this.#rules = rules;
    this.#mustBeTls = TLS_PORTS.has(opened.target.port);
    this.#flow = new Flow({
      session,
      opened,
      record: (observed) => rules.desk.allowed(session.session, opened, observed),
      destroy: () => {
        client.destroy();
        opened.socket.resetAndDestroy();
      },
    });
  }

  /** `first` are bytes that came before the answer. */
  start(first: Buffer): void {
    const { socket } = this.#client;
    joinEnds(socket, this.#upstream, this.#flow);
    socket.once('close', () => clearTimeout(this.#helloTimer));
    socket.once('end', this.#onEarlyEnd);
    socket.on('data', this.#inspect);
    if (this.#mustBeTls) this.#waitForHello();
    if (first.length > 0) this.#inspect(first);
    if (socket.readableEnded) this.#onEarlyEnd();
    this.#reader.pass(this.#upstream, socket, this.#flow);
  }

  readonly #inspect = (bytes: Buffer): void => {
    this.#held.append(bytes);
    const state = this.#hello?.feed(bytes);
    if (state?.kind === 'incomplete') this.#waitForHello();
    else if (state) this.#decide(state);
  };

  readonly #onEarlyEnd = (): void => {
    if (!this.#mustBeTls || this.#held.length > 0) return this.#decide({ kind: 'not-tls' });
    // A client that says nothing at all has changed its mind.
    this.#flow.end();
    this.#upstream.destroy();
    this.#client.socket.destroySoon();
  };

  #waitForHello(): void {
    this.#helloTimer ??= setTimeout(() => this.#decide({ kind: 'not-tls' }), this.#rules.helloMs);
  }

  #decide(state: Exclude<HelloState, { kind: 'incomplete' }>): void {
    if (this.#hello === null) return;
    this.#hello = null;
    clearTimeout(this.#helloTimer);
    this.#client.socket.off('data', this.#inspect).off('end', this.#onEarlyEnd);
    if (this.#flow.over) return;
    const reason = this.#violation(state);
    if (reason !== null && this.#rules.enforces()) void this.#refuse(reason);
    else this.#pass(reason !== null);
  }

  #violation(state: Exclude<HelloState, { kind: 'incomplete' }>): ServerNameReason | null {
    const [type, major = 3] = this.#held.bytes;
    const isTls = type === 22 && major === 3;
    return this.#mustBeTls || isTls ? judgeHello(this.#flow.opened.target, state) : null;
  }

  #pass(observed: boolean): void {
    const { socket } = this.#client;
    const { bytes, length } = this.#held;
    this.#flow.allow(observed);
    socket.pause();
    const goesOn = length === 0 || (this.#flow.count(length) && this.#upstream.write(bytes));
    this.#held = new HeldBytes();
    pump(socket, this.#upstream, this.#flow);
    if (goesOn) socket.resume();
  }

  async #refuse(reason: ServerNameReason): Promise<void> {
    const { session, socket } = this.#client;
    this.#flow.refuse(reason);
    this.#upstream.destroy();
    socket.pause();
    await this.#rules.desk.denied(session.session, this.#flow.opened.target, reason);
    closeGently(socket, alertFor(reason));
  }
}
