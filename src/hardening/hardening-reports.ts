import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

import { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import {
  HardeningChecks,
  notChecked,
  type HardeningCheck,
  type HardeningFinding,
  type HardeningStatus,
} from '../kernel/hardening.js';
import { Metrics } from '../metrics/metrics.js';
import { inOrder } from './check-order.js';
import type { HardeningItem, HardeningRepair, HardeningReport } from './dto/hardening.dto.js';

/** By kind: how long a finding is kept, and how long an answer waits for a new one. */
const TIMES = {
  quick: { keptMs: 10_000, limitMs: 5_000 },
  active: { keptMs: 300_000, limitMs: 25_000 },
} as const;
const WORST_FIRST = ['fail', 'warn', 'pass'] as const satisfies readonly HardeningStatus[];
const STOP_MS = 10_000;
/** After this an active check lets the next one begin. */
const STUCK_MS = 60_000;

/** What is known of one check. */
interface Line {
  readonly check: HardeningCheck;
  known: { item: HardeningItem; at: number } | null;
  running: Promise<HardeningItem> | null;
}

/**
 * Asks the checks when somebody asks, never by itself. Callers that come together share one round,
 * and a check runs once at a time however long it takes; those that start containers run one after
 * another.
 */
@Injectable()
export class HardeningReports implements OnModuleDestroy {
  readonly #logger = new Logger('Hardening');
  readonly #lines = new Map<string, Line>();
  #usual: Promise<HardeningReport> | null = null;
  #fresh: Promise<HardeningReport> | null = null;
  #active: Promise<unknown> = Promise.resolve();
  #stopping = false;

  constructor(
    private readonly checks: HardeningChecks,
    private readonly clock: Clock,
    private readonly metrics: Metrics,
  ) {}

  /** Never throws because of a check: one that breaks or is late says so in its item. */
  current(): Promise<HardeningReport> {
    if (this.#fresh !== null) return this.#fresh;
    this.#usual ??= this.#ask(false).finally(() => (this.#usual = null));
    return this.#usual;
  }

  /** As `current`, whatever was found a moment ago. */
  fresh(): Promise<HardeningReport> {
    this.#fresh ??= this.#ask(true).finally(() => (this.#fresh = null));
    return this.#fresh;
  }

  /**
   * One item alone.
   * @throws DomainError `not_found` for one that this version does not have
   */
  only(id: string, fresh: boolean): Promise<HardeningReport> {
    const check = this.checks.list().find((one) => one.id === id);
    if (!check) throw new DomainError('not_found', 'The checklist has no item of that id');
    return this.#askThese([check], fresh);
  }

  /** The next who asks is told of that item as it is then. */
  forget(id: string): void {
    const line = this.#lines.get(id);
    if (line) line.known = null;
  }

  /** The settings are others: whoever asks is told of what is quick to look at as it is by now. */
  forgetQuick(): void {
    for (const line of this.#lines.values()) {
      if (line.check.kind === 'quick') line.known = null;
    }
  }

  /** Lets every check that can put something right do so, one after another; forgets what they found. */
  async repair(): Promise<HardeningRepair[]> {
    const repairs: HardeningRepair[] = [];
    for (const check of this.checks.list()) {
      if (check.repair === undefined) continue;
      const did = await check.repair().catch((error: unknown) => {
        this.#logger.warn(`the repair of ${check.id} failed`, error);
        return [`could not be done: ${reasonOf(error)}`];
      });
      this.#lineOf(check).known = null;
      repairs.push({ id: check.id, did: [...did] });
    }
    return repairs;
  }

  /** A check that has a container out takes it back in before the service ends. */
  async onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    const running = [...this.#lines.values()].map((line) => line.running ?? Promise.resolve());
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, STOP_MS)));
    await Promise.race([Promise.allSettled(running), late]);
    clearTimeout(timer);
  }

  async #ask(fresh: boolean): Promise<HardeningReport> {
    const report = await this.#askThese(inOrder(this.checks.list()), fresh);
    for (const status of WORST_FIRST) {
      const count = report.items.filter((item) => item.status === status).length;
      this.metrics.hardeningItems.set({ status }, count);
    }
    return report;
  }

  async #askThese(checks: readonly HardeningCheck[], fresh: boolean): Promise<HardeningReport> {
    const items = await Promise.all(
      checks.map((check) => this.#itemOf(this.#lineOf(check), fresh)),
    );
    return {
      items,
      nextCursor: null,
      status: WORST_FIRST.find((one) => items.some(({ status }) => status === one)) ?? 'pass',
      checkedAt: items.map(({ checkedAt }) => checkedAt).sort()[0] ?? this.#now(),
    };
  }

  #lineOf(check: HardeningCheck): Line {
    const known = this.#lines.get(check.id);
    if (known) return known;
    const line = { check, known: null, running: null };
    this.#lines.set(check.id, line);
    return line;
  }

  async #itemOf(line: Line, fresh: boolean): Promise<HardeningItem> {
    const { check, known } = line;
    if (!fresh && known && this.clock.monotonicMs() - known.at < keptMs(check, known.item)) {
      return known.item;
    }
    if (this.#stopping) return this.#item(check, notChecked('the service is stopping'));
    line.running ??= this.#run(line).finally(() => (line.running = null));
    return this.#atMost(check, line.running);
  }

  #run(line: Line): Promise<HardeningItem> {
    const { check } = line;
    const work = async () => {
      const item = this.#item(check, await this.#findingOf(check));
      line.known = { item, at: this.clock.monotonicMs() };
      return item;
    };
    if (check.kind === 'quick') return work();
    const turn = this.#active.then(work);
    // One that hangs keeps its own line alone, and not those behind it.
    const stuck = this.#active.then(
      () => new Promise<void>((resolve) => void setTimeout(resolve, STUCK_MS).unref()),
    );
    this.#active = Promise.race([turn, stuck]);
    return turn;
  }

  async #findingOf(check: HardeningCheck): Promise<HardeningFinding> {
    try {
      return await check.check();
    } catch (error) {
      this.#logger.warn(`the check ${check.id} broke`, error);
      return notChecked(reasonOf(error));
    }
  }

  async #atMost(check: HardeningCheck, running: Promise<HardeningItem>): Promise<HardeningItem> {
    const { limitMs } = TIMES[check.kind];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<HardeningItem>((resolve) => {
      const reason = `it did not end within ${limitMs / 1000} s; ask again later`;
      timer = setTimeout(() => resolve(this.#item(check, notChecked(reason))), limitMs);
    });
    try {
      return await Promise.race([running, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #item({ id, title }: HardeningCheck, finding: HardeningFinding): HardeningItem {
    return { id, title, ...finding, checkedAt: this.#now() };
  }

  #now(): string {
    return new Date(this.clock.now()).toISOString();
  }
}

/** What could not be checked may be checkable soon. */
function keptMs(check: HardeningCheck, item: HardeningItem): number {
  return item.checked ? TIMES[check.kind].keptMs : TIMES.quick.keptMs;
}

/** For an operator: our own messages hold nothing that they may not see; others stay in the log. */
function reasonOf(error: unknown): string {
  if (error instanceof DomainError) return error.message;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' ? code : 'it broke; the service’s log has the reason';
}
