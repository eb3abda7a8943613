import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Decision } from './decision.js';
import type { DecisionRow } from './decision-row.js';
import { RunLedger, type LedgerLimits } from './run-ledger.js';
import type { StoredDecision } from './stored-decision.js';

const LIMITS: LedgerLimits = { single: 3, gathered: 2, denials: 4 };
const TURNS = 3;
const MOST_ROWS = LIMITS.single + LIMITS.gathered + LIMITS.denials + 2 * TURNS;

const decisions = fc.array(
  fc.record({
    runId: fc.constant('R'),
    turn: fc.integer({ min: 1, max: TURNS }),
    at: fc.integer({ min: 0, max: 1000 }),
    host: fc.constantFrom('a.test', 'b.test', 'c.test', 'd.test', 'e.test', '*'),
    port: fc.constantFrom(0, 443, 8443),
    allowed: fc.boolean(),
    rule: fc.constant(null),
    reason: fc.constantFrom('not_listed' as const, 'malformed' as const),
  }),
  { maxLength: 60 },
);

/** As the gateway hands them in. */
function valid(decision: Decision): Decision {
  if (!decision.allowed) return decision;
  const host = decision.host === '*' ? 'a.test' : decision.host;
  return { ...decision, host, rule: host, reason: null };
}

/** A ledger with what it is for: rows that are counted, and written. */
class Life {
  readonly #rows = new Set<DecisionRow>();
  readonly #ledger = new RunLedger(LIMITS);

  take(given: readonly Decision[]): void {
    for (const decision of given) {
      const row = this.#ledger.rowFor(decision);
      row.counted();
      this.#rows.add(row);
    }
  }

  /** What the process before it left. */
  load(stored: readonly StoredDecision[]): void {
    const allowed = stored.filter((row) => row.allowed);
    this.#ledger.load({
      lastSeq: stored.length,
      single: Math.min(LIMITS.single, allowed.length),
      shared: [...stored.filter((row) => !row.allowed), ...allowed.slice(LIMITS.single)],
    });
  }

  written(before: readonly StoredDecision[]): StoredDecision[] {
    const rows = new Map(before.map((row) => [row.id, row]));
    for (const current of new Set([...this.#rows].map((row) => row.current))) {
      const stored = current.stored(this.#ledger.seqOf(current));
      rows.set(stored.id, stored);
    }
    return [...rows.values()].toSorted((a, b) => a.seq - b.seq);
  }
}

const countOf = (rows: readonly StoredDecision[]) =>
  rows.reduce((sum, { count }) => sum + count, 0);

describe('RunLedger', () => {
  it('has a bounded number of rows that count every decision, through restarts at any moment', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(decisions, decisions), { maxLength: 4 }), (lives) => {
        let stored: StoredDecision[] = [];
        let taken = 0;
        for (const [early, late] of lives) {
          const life = new Life();
          life.take(early.map(valid));
          life.load(stored);
          life.take(late.map(valid));
          stored = life.written(stored);
          taken += early.length + late.length;
          expect(countOf(stored)).toBe(taken);
          expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_row, index) => index + 1));
        }
        // Those with rows of their own that came before what is stored was known are over the limit.
        expect(stored.length).toBeLessThanOrEqual(MOST_ROWS + lives.length * LIMITS.single);
        const denied = stored.filter((row) => !row.allowed);
        expect(denied.length).toBeLessThanOrEqual(LIMITS.denials + TURNS);
        const distinct = new Set(
          denied.map((row) => [row.turn, row.host, row.port, row.reason].join()),
        );
        expect(distinct.size).toBe(denied.length);
      }),
    );
  });

  it('gives alike denials one row, and what is beyond the limit one a turn', () => {
    const ledger = new RunLedger(LIMITS);
    const denial = (host: string, turn = 1): Decision => ({
      runId: 'R',
      turn,
      at: 1,
      host,
      port: 443,
      allowed: false,
      rule: null,
      reason: 'not_listed',
    });
    const first = ledger.rowFor(denial('0.test'));
    expect(ledger.rowFor(denial('0.test'))).toBe(first);
    expect(ledger.rowFor({ ...denial('0.test'), port: 80 })).not.toBe(first);
    for (let n = 1; n < LIMITS.denials; n++) ledger.rowFor(denial(`${n}.test`));
    const beyond = ledger.rowFor(denial('x.test'));
    expect(beyond.first).toMatchObject({ host: '*', port: 0, reason: null, turn: 1 });
    expect(ledger.rowFor(denial('y.test'))).toBe(beyond);
    expect(ledger.rowFor(denial('y.test', 2))).not.toBe(beyond);
    expect(ledger.rowFor(denial('0.test'))).toBe(first);
  });

  it('gives no number before it knows which are taken', () => {
    const ledger = new RunLedger(LIMITS);
    const row = ledger.rowFor({
      runId: 'R',
      turn: 1,
      at: 1,
      host: 'a.test',
      port: 443,
      allowed: true,
      rule: 'a.test',
      reason: null,
    });
    expect(() => ledger.seqOf(row)).toThrow('not known yet');
    ledger.load({ lastSeq: 7, single: 0, shared: [] });
    expect(ledger.seqOf(row)).toBe(8);
    expect(ledger.seqOf(row)).toBe(8);
  });
});
