import { Agent, type ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

import { ClientPresence } from '../client-presence.js';
import { dial, DialTimeout } from '../dial.js';
import { BUFFER_BYTES } from '../gateway-options.js';
import { unreachableRefusal } from '../refusal-text.js';
import { Refusal } from '../refusal.js';
import type { TargetJudge } from '../target-judge.js';
import { targetOf, type CredentialRoute } from './credential-route.js';
import { untrustedRefusal } from './route-refusals.js';

/** Shorter than upstreams usually wait for the next request, so that few are sent into a closing one. */
const IDLE_MS = 15_000;
const MOST_IDLE = 8;

export interface ConnectionRules {
  readonly judge: TargetJudge;
  readonly connectMs: number;
}

/**
 * Connections of one session to one upstream, used again and again: made by the gateway's own rules for
 * addresses, and by TLS with the certificate of the name that the operator wrote.
 */
export class RouteConnections extends Agent {
  readonly #route: CredentialRoute;
  readonly #rules: ConnectionRules;
  readonly #presence = new ClientPresence();

  constructor(route: CredentialRoute, rules: ConnectionRules) {
    super({ keepAlive: true, maxFreeSockets: MOST_IDLE, timeout: IDLE_MS, scheduling: 'lifo' });
    this.#route = route;
    this.#rules = rules;
  }

  /** Those that are idle are closed, those in use are their users' to end. */
  override destroy(): void {
    for (const sockets of Object.values(this.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  /** As `destroy`, and none is made any more. */
  close(): void {
    this.#presence.end();
    this.destroy();
  }

  /** Calls back with a connection, or with a `Refusal`. */
  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    void this.#hand(callback);
    return undefined;
  }

  async #hand(callback?: (error: Error | null, socket: Duplex) => void): Promise<void> {
    try {
      callback?.(null, await this.#open());
    } catch (error) {
      callback?.(error as Error, undefined as never);
    }
  }

  async #open(): Promise<Socket> {
    const { judge } = this.#rules;
    const target = targetOf(this.#route);
    const addresses = await judge.addressesOf(target);
    const socket = await this.#dial(addresses);
    try {
      // The rules may have changed in the meantime.
      judge.passAddresses(target, [socket.remoteAddress ?? '']);
      return this.#route.upstream.tls ? await this.#secured(socket) : socket;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  async #dial(addresses: readonly string[]): Promise<Socket> {
    const target = targetOf(this.#route);
    const options = { port: target.port, timeoutMs: this.#rules.connectMs };
    const presence = this.#presence;
    try {
      const socket = await dial(addresses, { ...options, presence, highWaterMark: BUFFER_BYTES });
      // An upstream that ends an idle connection has ended it.
      socket.allowHalfOpen = false;
      return socket;
    } catch (error) {
      throw unreachableRefusal(target, error instanceof DialTimeout);
    }
  }

  #secured(socket: Socket): Promise<Socket> {
    const { host } = this.#route.upstream;
    const target = targetOf(this.#route);
    const secured = connectTls({
      socket,
      host: host.text,
      ...(host.kind === 'name' && { servername: host.text }),
      ALPNProtocols: ['http/1.1'],
    });
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(unreachableRefusal(target, true));
        secured.destroy();
      }, this.#rules.connectMs);
      secured.once('secureConnect', () => {
        clearTimeout(late);
        resolve(secured);
      });
      secured.on('error', (error: NodeJS.ErrnoException) => reject(this.#refused(error)));
      secured.once('close', () => {
        clearTimeout(late);
        reject(unreachableRefusal(target, false));
      });
    });
  }

  #refused({ code = '' }: NodeJS.ErrnoException): Refusal {
    const broken = code === '' || /^(ECONN|EPIPE|ETIMEDOUT)/.test(code);
    return broken
      ? unreachableRefusal(targetOf(this.#route), false)
      : untrustedRefusal(this.#route, code);
  }
}
