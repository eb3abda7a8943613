import { Injectable } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { hostFault } from '../kernel/host-fault.js';
import { Sandboxes } from '../sandbox/sandboxes.js';
import { Workspaces } from '../workspaces/workspaces.service.js';
import { InterruptedRuns } from './adoption/interrupted-runs.js';
import { Leftovers } from './leftovers.js';
import type { WaitingReason } from './run-view.js';

/** Whether this machine can take a run now. */
@Injectable()
export class HostReadiness {
  #engineSeen = false;

  constructor(
    private readonly settings: Settings,
    private readonly sandboxes: Sandboxes,
    private readonly workspaces: Workspaces,
    private readonly interrupted: InterruptedRuns,
    private readonly leftovers: Leftovers,
  ) {}

  /** `null` when a run may start. An engine that was seen is taken to be there until `engineLost`. */
  async obstacle(): Promise<WaitingReason | null> {
    const away = this.#engineSeen ? null : await this.#engineAway();
    if (away !== null) return away;
    void this.leftovers.remove();
    return this.#workspacesUnready().catch((error: unknown) => {
      const code = hostFault(error);
      if (code === null) throw error;
      return {
        reason: 'workspaces_unavailable',
        message: `The workspaces’ directory cannot be used now (${code}).`,
      };
    });
  }

  async #workspacesUnready(): Promise<WaitingReason | null> {
    const minFree = this.settings.runs.minFreeDisk;
    if ((await this.workspaces.freeBytes()) >= minFree) return null;
    return {
      reason: 'disk_low',
      message: `The workspaces’ disk has less than ${minFree} bytes free; make room.`,
    };
  }

  /** What an earlier process left is settled as soon as the engine is there, whatever else is missing. */
  async #engineAway(): Promise<WaitingReason | null> {
    const { available, reason } = await this.sandboxes.engineState();
    if (!available) {
      return {
        reason: 'engine_unavailable',
        message: reason ?? 'The container engine does not answer.',
      };
    }
    await this.interrupted.settle();
    await this.leftovers.remove();
    this.#engineSeen = true;
    return null;
  }

  /** A call to the engine failed; it is asked again before the next run. */
  engineLost(): void {
    this.#engineSeen = false;
  }
}
