import type { Fence } from '../../egress/fence.js';
import {
  failed,
  passed,
  warned,
  type HardeningCheck,
  type HardeningFinding,
} from '../../kernel/hardening.js';

export interface FenceFacts {
  /** The engine shares this machine, so that a fence could stand. */
  readonly local: boolean;
  /** Since it was placed it stood whenever it was looked at; else why not, and what to do. */
  readonly standing: {
    readonly standing: boolean;
    readonly reason?: string;
    readonly remedy?: string;
  };
  /** What a look found now; `null`: all of it as it should be. */
  readonly fault: string | null;
}

const REPAIR = 'npx risoluto doctor --fix';

/** Whether the firewall around the sandboxes is what it should be. Pure. */
export function judgeFence({ local, standing, fault }: FenceFacts): HardeningFinding {
  if (!local) {
    return warned(
      'The engine is on another machine, where no fence of this service can stand: runs get no network at all.',
      'export DOCKER_HOST=unix:///var/run/docker.sock',
    );
  }
  if (!standing.standing) {
    return warned(
      `No fence stands, so runs get no network at all: ${standing.reason ?? 'unknown'} (${standing.remedy ?? 'see the log'}).`,
      REPAIR,
    );
  }
  if (fault !== null) {
    return failed(
      `The fence was changed from outside: ${fault}. It is placed again before the next run, or by the repair.`,
      REPAIR,
    );
  }
  return passed('The rules around the sandboxes’ network are those that were placed.');
}

export class FenceCheck implements HardeningCheck {
  readonly id = 'fence';
  readonly title = 'Fence around the sandboxes';
  readonly kind = 'quick';

  constructor(
    private readonly fence: Fence,
    private readonly local: boolean,
    /** Fences the sandboxes’ network, made where it is missing. */
    private readonly ensure: () => Promise<void>,
  ) {}

  async check(): Promise<HardeningFinding> {
    const fault = this.fence.standing().standing ? await this.fence.inspect() : null;
    return judgeFence({ local: this.local, standing: this.fence.standing(), fault });
  }

  async repair(): Promise<readonly string[]> {
    const before = this.fence.standing().standing ? await this.fence.inspect() : 'it did not stand';
    if (before === null) return [];
    await this.ensure();
    return [`placed the fence again (${before})`];
  }
}
