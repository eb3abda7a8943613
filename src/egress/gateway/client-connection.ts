import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { AdmittedSession, SessionClient } from './admitted-session.js';
import { ClientPresence } from './client-presence.js';
import type { LimitReason } from './refusal-text.js';
import type { FixedTarget } from './target-judge.js';

/** As many requests as apt sends ahead, and some. */
const MOST_UNANSWERED = 16;

/** A connection that a sandbox made to the gateway. */
export class ClientConnection implements SessionClient {
  readonly socket: Socket;
  readonly session: AdmittedSession;
  readonly presence = new ClientPresence();
  fixed: FixedTarget | null = null;
  #underWay = 0;
  #lastAnswer = Promise.resolve();
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
      this.presence.end();
    });
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

  /**
   * For a request: resolves when those before it on the connection are answered, so that a client
   * that does not wait has no more connections than one that does. Cuts one that is far ahead.
   */
  async turn(answer: ServerResponse): Promise<void> {
    const before = this.#lastAnswer;
    this.#underWay += 1;
    this.#lastAnswer = new Promise((resolve) => {
      answer.once('close', () => {
        this.#underWay -= 1;
        resolve();
      });
    });
    if (this.#underWay > MOST_UNANSWERED) this.destroy();
    await before;
  }

  /** Breaks the connection off, so that what it had is not taken for the whole. */
  destroy(): void {
    this.presence.end();
    this.socket.resetAndDestroy();
  }
}
