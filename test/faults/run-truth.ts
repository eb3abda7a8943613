import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect } from 'vitest';

import { outputOf, type OutputLine } from '../runs/run-output.js';
import type { RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';
import type { Attempt } from './run-load.js';

export interface Row {
  id: string;
  issue: string;
  status: string;
  reason: string | null;
  exitCode: number | null;
  finishedAt: number | null;
  /** What the audit trail has of it, oldest first. */
  trail: string;
  /** The status that its last audit row tells. */
  told: string | null;
}

/** One statement, so that rows and trail are of one moment. */
const ROWS = `
  SELECT id, issue, status, reason, exit_code AS exitCode, finished_at AS finishedAt,
    (SELECT group_concat(action) FROM (SELECT action FROM audit_rows
       WHERE target = run.id AND action <> 'run.cancel_requested' ORDER BY seq)) AS trail,
    (SELECT json_extract(details, '$.status') FROM audit_rows
       WHERE target = run.id AND action = 'run.finished') AS told
  FROM runs AS run`;

const FINAL = ['succeeded', 'failed', 'cancelled', 'timed_out', 'out_of_memory', 'lost'];

/** Final rows as they were first seen: they never change any more. */
export type FinalRows = Map<string, Row>;

/** Holds what the service says of runs against what really happened. */
export async function checkRuns(
  service: RunningService,
  attempts: readonly Attempt[],
  finalRows: FinalRows,
): Promise<void> {
  const rows = await queryStored<Row>(service.dataDir, ROWS);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const marks = await marksIn(service.workspacesDir);
  for (const attempt of attempts) {
    const begun = marks.filter((mark) => mark === attempt.mark).length;
    expect(begun, `${attempt.mark} began`).toBeLessThanOrEqual(1);
    if (attempt.id === null) continue;
    const row = byId.get(attempt.id);
    expect(row, `${attempt.mark} was accepted`).toBeDefined();
    if (row === undefined || attempt.done || !FINAL.includes(row.status)) continue;
    await expectTrueEnd(service, attempt, { row, begun });
    attempt.done = true;
  }
  for (const row of rows) expectWholeRow(row, finalRows);
}

/** What the commands that began have left, of all issues. */
async function marksIn(workspacesDir: string): Promise<string[]> {
  const issues = (await readdir(workspacesDir)).filter((name) => !name.startsWith('.'));
  const ledgers = issues.map((name) =>
    readFile(join(workspacesDir, name, 'ledger'), 'utf8').catch(() => ''),
  );
  return (await Promise.all(ledgers)).join('').split('\n');
}

async function expectTrueEnd(
  service: RunningService,
  attempt: Attempt,
  { row, begun }: { row: Row; begun: number },
): Promise<void> {
  const { mark, kind } = attempt;
  const about = `${mark} (${kind.name}): ${JSON.stringify(row)}`;
  const lines = await outputOf(service, row.id);
  const seqs = lines.map(({ seq }) => seq);
  expect(seqs, about).toEqual(lines.map((_, index) => index + 1));
  if (attempt.shown !== null) expect(await attempt.shown, about).toEqual(lines);
  expect(textOf(lines, 'system'), about).toBe('');
  const printed = { stdout: textOf(lines, 'stdout'), stderr: textOf(lines, 'stderr') };
  if (row.status === 'lost') {
    // The only reason there is here: nothing said that it began, and then it did not.
    const nothing = { stdout: '', stderr: '' };
    expect([row.reason, begun, printed], about).toEqual(['service_restarted', 0, nothing]);
  } else if (row.status === 'cancelled') {
    expect(attempt.cancel, about).not.toBe('no');
    expect(kind.ends.stdout.startsWith(printed.stdout), about).toBe(true);
    // 137: it was told to end before its shell could hear of it.
    if (begun === 1) expect([143, 137], about).toContain(row.exitCode);
  } else {
    const found = { begun, status: row.status, exitCode: row.exitCode, ...printed };
    expect(found, about).toEqual({ begun: 1, ...kind.ends });
  }
}

/** Each change has its one audit row, and a final outcome never changes. */
function expectWholeRow(row: Row, finalRows: FinalRows): void {
  const about = JSON.stringify(row);
  const final = FINAL.includes(row.status);
  const whole = /^run\.created(,run\.cancelled|(,run\.started)?(,run\.finished)?)$/;
  expect(row.trail, about).toMatch(whole);
  expect(/(cancelled|finished)$/.test(row.trail), about).toBe(final);
  if (!final) return;
  // One that was cancelled in the queue has a row of its own for it.
  expect(row.told ?? 'cancelled', about).toBe(row.status);
  expect(row.finishedAt, about).not.toBeNull();
  expect(row, 'an outcome is final').toEqual(finalRows.get(row.id) ?? row);
  finalRows.set(row.id, row);
}

function textOf(lines: readonly OutputLine[], stream: string): string {
  return lines
    .filter((line) => line.stream === stream)
    .map(({ text }) => text)
    .join('');
}
