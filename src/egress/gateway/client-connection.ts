import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { AdmittedSession, SessionClient } from './admitted-session.js';
import type { LimitReason } from './refusal-text.js';
import type { FixedTarget } from './target-judge.js';

/** A connection that a sandbox made to the gateway. */
export class ClientConnection implements SessionClient {
  readonly socket: Socket;
  readonly session: AdmittedSession;
  fixed: FixedTarget | null = null;
  #underWay = 0;
  readonly #aborter = new AbortController();
  readonly #limit: LimitReason | null;
  #isFirst = true;

  /** `limit`: what its first request is refused with. */
  constructor(socket: Socket, session: AdmittedSession, limit: LimitReason | null) {
    this.socket = socket;
    this.session = session;
    this.#limit = limit;
    session.connections.add(this);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      session.connections.delete(this);
      this.#aborter.abort();
    });
  }

  /** Aborted when the client has gone or was cut. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** For each request: the limit that refuses it. */
  startRequest(): LimitReason | null {
    if (!this.#isFirst) return this.session.start();
    this.#isFirst = false;
    return this.#limit;
  }

  /** Whether the answer to a request is not complete. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  began(answer: ServerResponse): void {
    this.#underWay += 1;
    answer.once('close', () => {
      this.#underWay -= 1;
    });
  }

  /** Breaks the connection off, so that what it had is not taken for the whole. */
  destroy(): void {
    this.#aborter.abort();
    this.socket.resetAndDestroy();
  }
}
