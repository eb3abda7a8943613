import { Injectable, Logger } from '@nestjs/common';

import type { Sandbox } from '../../sandbox/sandbox.js';
import { Leftovers } from '../leftovers.js';
import type { NetworkPlace } from '../network-place.js';
import type { RunSession } from '../run-session.js';
import { SandboxHost } from '../sandbox-host.js';

/** Gives back what a turn had on this machine. */
@Injectable()
export class GiveBack {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly host: SandboxHost,
    private readonly leftovers: Leftovers,
  ) {}

  /**
   * Removes sandbox, open address, address and files. What cannot be removed yet is a leftover, and
   * the answer `false`.
   */
  async run(session: RunSession): Promise<boolean> {
    const { run, sandbox, place } = session;
    session.secretValues = [];
    session.sandbox = null;
    session.place = null;
    const giveBack = () => this.#giveBack(run.id, sandbox, place);
    try {
      await giveBack();
      return true;
    } catch (error) {
      this.#logger.warn(`run ${run.id}: its sandbox could not be removed yet`, error);
      this.leftovers.add(run.id, run.issue, giveBack);
      return false;
    }
  }

  /** An address that could not be closed stays taken, so that nobody inherits it. */
  async #giveBack(
    runId: string,
    sandbox: Sandbox | null,
    place: NetworkPlace | null,
  ): Promise<void> {
    const results = await Promise.allSettled([
      place === null ? null : this.host.network.close(place),
      sandbox?.remove(),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (place !== null) await this.host.network.release(runId, place);
  }
}
