import { expect } from 'vitest';

import type { RunningService } from '../support/service.js';
import { stateOf } from '../input/state.js';
import { CANARY } from './odd-values.js';

type Row = Record<string, unknown>;
interface State {
  tables: Record<string, Row[]>;
  files: Record<string, string>;
  workspaces: unknown;
}

const AUDIT = 'audit_rows';
/** Tables whose one row an audit row names by a word of its own. */
const TARGET_OF: Readonly<Record<string, string>> = { config_overlays: 'overlay' };

/**
 * Holds a service to its word: whatever has changed, an audit row tells it, and the row names a
 * request that was answered as done. What was refused has no row, so it must have changed nothing.
 */
export class Ledger {
  readonly #done = new Set<string>();
  #anythingDone = false;
  #before: State;

  private constructor(
    private readonly service: RunningService,
    before: State,
  ) {
    this.#before = before;
  }

  static async open(service: RunningService): Promise<Ledger> {
    return new Ledger(service, (await stateOf(service)) as unknown as State);
  }

  /** A request that was meant to change something was answered as done. */
  acknowledge(requestId: string): void {
    this.#done.add(requestId);
    this.#anythingDone = true;
  }

  /** Compares with the last time. Nothing may be under way. */
  async settle(): Promise<void> {
    const before = this.#before;
    const after = (await stateOf(this.service)) as unknown as State;
    this.#before = after;
    if (this.#anythingDone) expectExplained(before, after, this.#done);
    else expectSame(before, after);
    this.#anythingDone = false;
  }
}

function expectSame(before: State, after: State): void {
  expect(after, 'all were refused').toEqual(before);
}

function expectExplained(before: State, after: State, done: ReadonlySet<unknown>): void {
  const rows = after.tables[AUDIT] ?? [];
  const known = before.tables[AUDIT]?.length ?? 0;
  expect(rows.slice(0, known), 'old audit rows').toEqual(before.tables[AUDIT]);
  const targets = new Set<unknown>();
  for (const row of rows.slice(known)) {
    expect(done, JSON.stringify(row)).toContain(row.request_id);
    targets.add(row.target);
  }
  for (const [table, now] of Object.entries(after.tables)) {
    if (table === AUDIT || table === 'sqlite_sequence') continue;
    for (const row of changedRows(before.tables[table] ?? [], now)) {
      const names = [...Object.values(row), TARGET_OF[table]];
      const explained = names.some((value) => targets.has(value));
      expect(explained, `${table}: no audit row for ${JSON.stringify(row).slice(0, 500)}`).toBe(
        true,
      );
    }
  }
  expect(after.workspaces).toEqual(before.workspaces);
  expect(Object.keys(after.files)).toEqual(expect.arrayContaining(Object.keys(before.files)));
  for (const [name, base64] of Object.entries(after.files)) {
    expect(Buffer.from(base64, 'base64').includes(CANARY), name).toBe(false);
  }
  expect(JSON.stringify(rows.slice(known))).not.toContain(CANARY);
}

function changedRows(before: readonly Row[], after: readonly Row[]): Row[] {
  const old = new Set(before.map((row) => JSON.stringify(row)));
  const now = new Set(after.map((row) => JSON.stringify(row)));
  const gone = before.filter((row) => !now.has(JSON.stringify(row)));
  return [...gone, ...after.filter((row) => !old.has(JSON.stringify(row)))];
}
