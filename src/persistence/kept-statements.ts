import sqlite3 from 'sqlite3';

/** Texts that are kept at most; the one that was used longest ago makes room. */
const MOST_KEPT = 128;

/** What a later call can use as it is: it runs to its end at once, and holds nothing open after it. */
const KEEPABLE =
  /^\s*(?:(?:INSERT|UPDATE|DELETE|SELECT)\b(?![^]*\bRETURNING\b)|BEGIN IMMEDIATE$|COMMIT$)/;

type Callback = (this: sqlite3.RunResult, error: Error | null, rows?: unknown[]) => void;
type Method = 'run' | 'all';

interface Kept {
  readonly statement: sqlite3.Statement;
  ready: boolean;
}

/**
 * A connection that keeps its prepared statements. To prepare one costs as much as to run it: a hop to
 * the thread pool and back, and SQLite's parser. Results and errors are those of a plain connection.
 * What was bound last stays in memory, as it is in the database.
 */
export class StatementKeepingDatabase extends sqlite3.Database {
  /** By text; the last is the one that was used last. */
  readonly #kept = new Map<string, Kept>();

  override run(sql: string, ...rest: unknown[]): this {
    return this.#call('run', sql, rest);
  }

  override all(sql: string, ...rest: unknown[]): this {
    return this.#call('all', sql, rest);
  }

  override close(callback?: (error: Error | null) => void): void {
    for (const [sql, kept] of this.#kept) this.#drop(sql, kept);
    super.close(callback);
  }

  #call(method: Method, sql: string, rest: unknown[]): this {
    const callback = rest.at(-1);
    const parameters = rest[0];
    const kept = this.#kept.get(sql);
    // A statement that turns out to be wrong forgets whoever waits for it but the first.
    const usable = kept === undefined ? KEEPABLE.test(sql) : kept.ready;
    if (!usable || typeof callback !== 'function') {
      return (super[method] as (...all: unknown[]) => this).call(this, sql, ...rest);
    }
    const use = kept ?? this.#prepare(sql, callback as Callback);
    this.#kept.delete(sql);
    this.#kept.set(sql, use);
    // One that failed may be left half-way, as a COMMIT that found the database busy.
    const drop = () => this.#drop(sql, use);
    use.statement[method](
      rest.length > 1 ? parameters : [],
      function (this: unknown, ...answer: unknown[]) {
        if (answer[0] !== null) drop();
        (callback as (...all: unknown[]) => void).apply(this, answer);
      },
    );
    return this;
  }

  #prepare(sql: string, callback: Callback): Kept {
    const kept: Kept = {
      ready: false,
      statement: this.prepare(sql, (error: Error | null) => {
        if (error === null) kept.ready = true;
        else {
          if (this.#kept.get(sql) === kept) this.#kept.delete(sql);
          callback.call(undefined as never, error);
        }
      }),
    };
    const oldest = this.#kept.entries().next();
    if (this.#kept.size >= MOST_KEPT && !oldest.done) this.#drop(...oldest.value);
    return kept;
  }

  #drop(sql: string, kept: Kept): void {
    if (this.#kept.get(sql) !== kept) return;
    this.#kept.delete(sql);
    kept.statement.finalize();
  }
}
