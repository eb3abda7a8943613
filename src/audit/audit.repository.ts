import { Injectable } from '@nestjs/common';
import {
  Between,
  In,
  LessThanOrEqual,
  MoreThan,
  type EntityManager,
  type FindOptionsWhere,
  type Repository,
} from 'typeorm';

import { ReadSource } from '../persistence/read-source.js';
import { AuditRowEntity } from './audit-row.entity.js';
import { GENESIS, type AuditRow, type ChainHead } from './audit-row.js';
import { TrailTimes } from './trail-times.repository.js';

export interface AuditFilter {
  readonly actor?: string;
  readonly action?: string;
  readonly target?: string;
  /** Milliseconds, inclusive. */
  readonly from?: number;
  /** Milliseconds, exclusive. */
  readonly to?: number;
}

/** Both ends inclusive. */
export interface SeqRange {
  readonly first: number;
  readonly last: number;
}

const LAST_SEQ = Number.MAX_SAFE_INTEGER;
const COLUMNS =
  'seq, at, actor, action, target, request_id AS requestId, details, prev_hash AS prevHash, hash, key_id AS keyId';
const HEAD = 'SELECT seq, hash FROM audit_rows ORDER BY seq DESC LIMIT 1';

@Injectable()
export class AuditRepository {
  readonly #rows: Repository<AuditRowEntity>;
  readonly #times: TrailTimes;

  constructor(private readonly read: ReadSource) {
    this.#rows = read.manager.getRepository(AuditRowEntity);
    this.#times = new TrailTimes(read);
  }

  head(manager: EntityManager = this.read.manager): Promise<ChainHead> {
    return manager.query(HEAD).then((rows: ChainHead[]) => rows[0] ?? GENESIS);
  }

  /** One statement, whatever their number (at most 1,024). */
  async append(manager: EntityManager, rows: readonly AuditRow[]): Promise<void> {
    const values = rows.map(() => '(?,?,?,?,?,?,?,?,?,?)').join(',');
    await manager.query(
      `INSERT INTO audit_rows (seq, at, actor, action, target, request_id, details, prev_hash, hash, key_id) VALUES ${values}`,
      rows.flatMap((row) => [
        row.seq,
        row.at,
        row.actor,
        row.action,
        row.target,
        row.requestId,
        row.details,
        row.prevHash,
        row.hash,
        row.keyId,
      ]),
    );
  }

  /** The numbers between which all rows of a time lie, also when the clock once went back. */
  async rangeOf({ from, to }: Pick<AuditFilter, 'from' | 'to'>): Promise<SeqRange> {
    const first = from === undefined ? 1 : await this.#times.firstFrom(from);
    const last = to === undefined ? LAST_SEQ : await this.#times.lastBefore(to);
    return { first: first ?? LAST_SEQ, last: last ?? 0 };
  }

  /** Newest first, at most `limit`, inside the range. */
  newest(filter: AuditFilter, range: SeqRange, limit: number): Promise<AuditRow[]> {
    const where: FindOptionsWhere<AuditRowEntity> = {
      seq: Between(range.first, range.last),
      ...(filter.actor === undefined ? {} : { actor: filter.actor }),
      ...(filter.action === undefined ? {} : { action: filter.action }),
      ...(filter.target === undefined ? {} : { target: filter.target }),
    };
    const query = this.#rows.createQueryBuilder('row').where(where);
    if (filter.from !== undefined) query.andWhere('row.at >= :from', { from: filter.from });
    if (filter.to !== undefined) query.andWhere('row.at < :to', { to: filter.to });
    return query.orderBy('row.seq', 'DESC').limit(limit).getMany();
  }

  /** Oldest first, from the row after `seq`; without entities, which would double the time. */
  after(seq: number, limit: number): Promise<AuditRow[]> {
    return this.read.manager.query(
      `SELECT ${COLUMNS} FROM audit_rows WHERE seq > ? ORDER BY seq LIMIT ?`,
      [seq, limit],
    );
  }

  /** Oldest first, of these actions alone. */
  ofActionsAfter(actions: readonly string[], seq: number, limit: number): Promise<AuditRow[]> {
    return this.#rows.find({
      where: { action: In([...actions]), seq: MoreThan(seq) },
      order: { seq: 'ASC' },
      take: limit,
    });
  }

  newestOfAction(action: string, limit: number): Promise<AuditRow[]> {
    return this.#rows.find({ where: { action }, order: { seq: 'DESC' }, take: limit });
  }

  /** @returns how many; 0, and none is removed, where the row is not there with this hash */
  async removeUpTo(manager: EntityManager, { seq, hash }: ChainHead): Promise<number> {
    const rows = manager.getRepository(AuditRowEntity);
    if (!(await rows.existsBy({ seq, hash }))) return 0;
    const { affected } = await rows.delete({ seq: LessThanOrEqual(seq) });
    return affected ?? 0;
  }

  /** The genesis hash for 0; `null` where there is no such row. */
  hashAt(seq: number): Promise<string | null> {
    if (seq === GENESIS.seq) return Promise.resolve(GENESIS.hash);
    return this.#rows
      .findOne({ where: { seq }, select: { seq: true, hash: true } })
      .then((row) => row?.hash ?? null);
  }

  /** Looks through the whole table. */
  async hasHash(hash: string): Promise<boolean> {
    const rows = (await this.read.manager.query('SELECT 1 FROM audit_rows WHERE hash = ? LIMIT 1', [
      hash,
    ])) as unknown[];
    return rows.length > 0;
  }

  async hasPrevHash(prevHash: string): Promise<boolean> {
    return this.#rows.existsBy({ prevHash });
  }
}
