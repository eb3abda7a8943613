import type { ReadSource } from '../persistence/read-source.js';

/** Rows whose times do not fall; a new one begins where the clock was set back. */
interface RisingRun {
  readonly first: number;
  readonly startAt: number;
  last: number;
  endAt: number;
}

/** Rows looked at by one statement, so that others get their turn on the connection. */
const ROWS_AT_A_TIME = 20_000;

/**
 * Where in the trail a time lies. Inside a run that is one step in the index on (at, seq), so it costs
 * the same however long the trail is. Where the runs begin is found once a process, by reading every
 * row's time at the first question, and after that only the rows that are new.
 */
export class TrailTimes {
  readonly #runs: RisingRun[] = [];
  #seen = 0;
  #looking: Promise<void> = Promise.resolve();

  constructor(private readonly read: ReadSource) {}

  /** The first row at or after the time; `null` where there is none. */
  async firstFrom(time: number): Promise<number | null> {
    await this.#lookAgain();
    for (const run of this.#runs) {
      if (run.endAt < time) continue;
      if (run.startAt >= time) return run.first;
      const found = await this.#inside(run, 'at >= ?', 'at, seq', time);
      if (found !== null) return found;
    }
    return null;
  }

  /** No row after it is before the time; `null` where no row is before the time. */
  async lastBefore(time: number): Promise<number | null> {
    await this.#lookAgain();
    for (const run of this.#runs.toReversed()) {
      if (run.startAt >= time) continue;
      if (run.endAt < time) return run.last;
      return this.#inside(run, 'at < ?', 'at DESC, seq DESC', time);
    }
    return null;
  }

  async #inside(
    { first, last }: RisingRun,
    condition: string,
    order: string,
    time: number,
  ): Promise<number | null> {
    const rows = (await this.read.manager.query(
      `SELECT seq FROM audit_rows INDEXED BY audit_rows_at
       WHERE ${condition} AND seq BETWEEN ? AND ? ORDER BY ${order} LIMIT 1`,
      [time, first, last],
    )) as { seq: number }[];
    return rows[0]?.seq ?? null;
  }

  /** One after another: who asks is told of every row that was there when it asked. */
  #lookAgain(): Promise<void> {
    const looked = this.#looking.then(() => this.#look());
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  async #look(): Promise<void> {
    const [head] = (await this.read.manager.query(
      'SELECT seq FROM audit_rows ORDER BY seq DESC LIMIT 1',
    )) as { seq: number }[];
    const end = head?.seq ?? 0;
    while (this.#seen < end) {
      const upTo = Math.min(this.#seen + ROWS_AT_A_TIME, end);
      for (const start of await this.#startsOfRuns(this.#seen, upTo)) this.#begin(start);
      this.#seen = upTo;
    }
  }

  /** The row `seen` is read once more, to compare the next one with. */
  async #startsOfRuns(seen: number, upTo: number): Promise<StartOfRun[]> {
    const rows = (await this.read.manager.query(
      `SELECT seq, at, before FROM (
         SELECT seq, at, LAG(at) OVER (ORDER BY seq) AS before
         FROM audit_rows WHERE seq BETWEEN ? AND ?)
       WHERE before IS NULL OR at < before`,
      [seen, upTo],
    )) as StartOfRun[];
    return rows.filter(({ seq }) => seq > seen);
  }

  #begin({ seq, at, before }: StartOfRun): void {
    const ended = this.#runs.at(-1);
    if (ended) {
      ended.last = seq - 1;
      ended.endAt = before ?? Infinity;
    }
    this.#runs.push({ first: seq, startAt: at, last: Number.MAX_SAFE_INTEGER, endAt: Infinity });
  }
}

interface StartOfRun {
  readonly seq: number;
  readonly at: number;
  /** Of the row before; `null` where that was not found. */
  readonly before: number | null;
}
