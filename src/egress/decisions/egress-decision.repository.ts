import { Injectable } from '@nestjs/common';
import { In, type EntityManager, type SelectQueryBuilder } from 'typeorm';

import { ReadSource } from '../../persistence/read-source.js';
import type { DecidedDestination } from './allowlist-suggestion.js';
import { EgressDecisionEntity } from './egress-decision.entity.js';
import { LEDGER_LIMITS, type LedgerState } from './run-ledger.js';
import type { DecisionFilter, DecisionRange, StoredDecision } from './stored-decision.js';

const COLUMNS =
  'id, run_id, seq, turn, at, host, port, allowed, rule, reason, route, method, path, status, bytes_up, bytes_down, duration_ms, count';
const PLACES = `(${COLUMNS.replace(/\w+/g, '?')})`;
const CHANGEABLE = ['reason', 'status', 'bytes_up', 'bytes_down', 'duration_ms', 'count'];
const UPDATE = CHANGEABLE.map((column) => `${column} = excluded.${column}`).join(', ');

/** The rows of decisions: reads of what is committed, and the writes of a transaction. */
@Injectable()
export class EgressDecisions {
  constructor(private readonly read: ReadSource) {}

  /** Rows that are new, and rows that are other than they were. One statement; at most 1,024. */
  async write(manager: EntityManager, rows: readonly StoredDecision[]): Promise<void> {
    if (rows.length === 0) return;
    const places = rows.map(() => PLACES).join(', ');
    await manager.query(
      `INSERT INTO egress_decisions (${COLUMNS}) VALUES ${places} ON CONFLICT (id) DO UPDATE SET ${UPDATE}`,
      rows.flatMap(valuesOf),
    );
  }

  /** What a ledger goes on from. */
  async stateOf(runId: string): Promise<LedgerState> {
    const { single } = LEDGER_LIMITS;
    const last = await this.#of(runId).orderBy('row.seq', 'DESC').limit(1).getOne();
    if (last === null) return { lastSeq: 0, single: 0, shared: [] };
    const allowed = await this.#of(runId).andWhere('row.allowed = 1').getCount();
    const denials = await this.#of(runId).andWhere('row.allowed = 0').getMany();
    // The first have rows of their own; all behind them stand for several.
    const gathered = await this.#of(runId)
      .andWhere('row.allowed = 1')
      .orderBy('row.seq', 'ASC')
      .offset(single)
      .limit(Math.max(0, allowed - single))
      .getMany();
    return {
      lastSeq: last.seq,
      single: Math.min(single, allowed),
      shared: [...denials, ...gathered],
    };
  }

  range(runId: string, range: DecisionRange, filter: DecisionFilter): Promise<StoredDecision[]> {
    const query = this.#filtered(runId, filter).andWhere('row.seq > :after', range);
    if (range.until !== undefined) query.andWhere('row.seq <= :until', range);
    return query.orderBy('row.seq', 'ASC').limit(range.limit).getMany();
  }

  numbered(
    runId: string,
    seqs: readonly number[],
    filter: DecisionFilter,
  ): Promise<StoredDecision[]> {
    return this.#filtered(runId, filter)
      .andWhere('row.seq IN (:...seqs)', { seqs })
      .orderBy('row.seq', 'ASC')
      .getMany();
  }

  /** Each once; a credential route needs no entry. */
  destinations(runId: string): Promise<DecidedDestination[]> {
    return this.#of(runId)
      .select('row.host', 'host')
      .addSelect('row.port', 'port')
      .addSelect('row.allowed', 'allowed')
      .addSelect('row.reason', 'reason')
      .andWhere('row.route IS NULL')
      .distinct(true)
      .getRawMany<Omit<DecidedDestination, 'allowed'> & { allowed: number }>()
      .then((rows) => rows.map((row) => ({ ...row, allowed: row.allowed === 1 })));
  }

  /** Whether the observing mode let something of the run through. */
  async hasObserved(runId: string): Promise<boolean> {
    const row = await this.#of(runId).andWhere("row.reason = 'observed'").limit(1).getOne();
    return row !== null;
  }

  /** How many rows each of the runs has; runs without any are left out. */
  async counts(runIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.read.manager
      .createQueryBuilder(EgressDecisionEntity, 'row')
      .select('row.runId', 'runId')
      .addSelect('COUNT(*)', 'rows')
      .where('row.runId IN (:...runIds)', { runIds })
      .groupBy('row.runId')
      .getRawMany<{ runId: string; rows: number | string }>();
    return new Map(rows.map(({ runId, rows: count }) => [runId, Number(count)]));
  }

  async remove(manager: EntityManager, runIds: readonly string[]): Promise<void> {
    await manager.delete(EgressDecisionEntity, { runId: In([...runIds]) });
  }

  #of(runId: string): SelectQueryBuilder<EgressDecisionEntity> {
    return this.read.manager
      .createQueryBuilder(EgressDecisionEntity, 'row')
      .where('row.runId = :runId', { runId });
  }

  #filtered(runId: string, { allowed, turn }: DecisionFilter) {
    const query = this.#of(runId);
    if (allowed !== undefined) query.andWhere('row.allowed = :flag', { flag: allowed ? 1 : 0 });
    if (turn !== undefined) query.andWhere('row.turn = :turn', { turn });
    return query;
  }
}

function valuesOf(row: StoredDecision): unknown[] {
  return [
    row.id,
    row.runId,
    row.seq,
    row.turn,
    row.at,
    row.host,
    row.port,
    row.allowed ? 1 : 0,
    row.rule,
    row.reason,
    row.route,
    row.method,
    row.path,
    row.status,
    row.bytesUp,
    row.bytesDown,
    row.durationMs,
    row.count,
  ];
}
