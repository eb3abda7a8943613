import type { OnReadOpts, Socket } from 'node:net';

import type { Target } from './allowlist-match.js';
import type { ClientConnection } from './client-connection.js';
import { dial, DialTimeout } from './dial.js';
import type { Opened } from './flow.js';
import { BUFFER_BYTES } from './gateway-options.js';
import { limitRefusal, unreachableRefusal } from './refusal-text.js';
import type { FixedTarget, Passage, TargetJudge } from './target-judge.js';

/** The client went away, or was cut, before there was anything to tell it. */
export class ClientGone extends Error {}

/** From a target that was asked for to a connection to it. Everything here may throw `Refusal`. */
export class ConnectionOpener {
  readonly #judge: TargetJudge;
  readonly #connectMs: number;

  constructor(judge: TargetJudge, connectMs: number) {
    this.#judge = judge;
    this.#connectMs = connectMs;
  }

  /** Resolved and checked, without a connection. */
  async fix(client: ClientConnection, target: Target): Promise<FixedTarget> {
    this.#check(client, target);
    const addresses = await client.session.resolving.run(() => {
      if (client.presence.isGone) throw new ClientGone();
      return this.#judge.addressesOf(target);
    });
    this.#check(client, target);
    return { target, addresses };
  }

  /** `onread` where its bytes are to be read past its stream. */
  async open(client: ClientConnection, target: Target, onread?: OnReadOpts): Promise<Opened> {
    this.#check(client, target);
    const { addresses } =
      client.fixed?.target === target ? client.fixed : await this.fix(client, target);
    this.#judge.passAddresses(target, addresses);
    const socket = await this.#dial(client, { target, addresses }, onread);
    try {
      // The rules may have changed in the meantime; from here to the flow nothing waits.
      const passage = this.#check(client, target);
      const address = socket.remoteAddress ?? '';
      this.#judge.passAddresses(target, [address]);
      return { target, passage, socket, address };
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #check(client: ClientConnection, target: Target): Passage {
    if (client.presence.isGone) throw new ClientGone();
    if (client.session.bytesAreUsedUp) throw limitRefusal('byte_limit', client.session.limits);
    return this.#judge.pass(target, client.session.session);
  }

  async #dial(
    { presence }: ClientConnection,
    { target, addresses }: FixedTarget,
    onread: OnReadOpts | undefined,
  ): Promise<Socket> {
    const { port } = target;
    const options = { port, timeoutMs: this.#connectMs, highWaterMark: BUFFER_BYTES };
    try {
      return await dial(addresses, { ...options, presence, onread });
    } catch (error) {
      if (presence.isGone) throw new ClientGone();
      throw unreachableRefusal(target, error instanceof DialTimeout);
    }
  }
}
