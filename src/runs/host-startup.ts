import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import { Fence } from '../egress/fence.js';
import { DomainError } from '../kernel/domain-error.js';
import { StartupError } from '../kernel/startup-error.js';
import { InterruptedRuns } from './adoption/interrupted-runs.js';
import { explain } from './explain.js';
import { FencedNetworks, type GatedNetwork } from './fenced-networks.js';
import { OutputUpkeep } from './output/output-upkeep.js';
import { Sandboxes } from '../sandbox/sandboxes.js';

/** Looks at the machine once at start-up, so that what can never work is said at once. */
@Injectable()
export class HostStartup implements OnModuleInit {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly sandboxes: Sandboxes,
    private readonly fenced: FencedNetworks,
    private readonly fence: Fence,
    private readonly interrupted: InterruptedRuns,
    private readonly output: OutputUpkeep,
  ) {}

  /**
   * Settles or adopts what an earlier process left, and makes or checks the sandboxes' network and
   * fences it, when the engine answers; else runs wait for it and this is done then.
   *
   * @throws StartupError when the network is not one that this instance may use.
   */
  async onModuleInit(): Promise<void> {
    await this.output.removeOrphans();
    await this.output.mend();
    const { available, reason } = await this.sandboxes.engineState();
    if (!available) {
      this.#logger.warn(reason ?? 'the container engine does not answer');
      return;
    }
    try {
      await this.interrupted.settle();
      await this.#fence(await this.fenced.current());
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      if (error.code !== 'control_unavailable') {
        this.#logger.warn(`the machine could not be looked at yet: ${error.message}`);
        return;
      }
      throw new StartupError(explain(error), { cause: error });
    }
  }

  /** Without a fence, runs that ask for no network still run, without any. */
  async #fence({ bridge }: GatedNetwork): Promise<void> {
    try {
      await this.fence.ensure(bridge);
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'control_unavailable') throw error;
      this.#logger.warn(`runs get no network at all: ${error.message}`);
    }
  }
}
