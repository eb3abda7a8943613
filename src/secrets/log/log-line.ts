import type { AuditRow } from '../../audit/audit-row.js';
import { SECRET_DELETED, SECRET_SET } from '../secret-actions.js';

export const LOGGED_ACTIONS = [SECRET_SET, SECRET_DELETED] as const;

/** Which audit row a line stands for. */
export interface LineIdentity {
  readonly sequence: number;
  readonly hash: string;
}

/** One line for an audit row of a set or delete, with its line end. */
export function lineOf(row: AuditRow): string {
  const line = {
    at: new Date(row.at).toISOString(),
    operation: row.action === SECRET_SET ? 'set' : 'delete',
    key: row.target,
    actor: row.actor,
    requestId: row.requestId,
    sequence: row.seq,
    hash: row.hash,
  };
  return `${JSON.stringify(line)}\n`;
}

/** `null` for a line that is not ours: of Risoluto 0.6, or of anything else. */
export function identityOf(line: string): LineIdentity | null {
  const parsed = parse(line);
  if (typeof parsed !== 'object' || parsed === null) return null;
  const { sequence, hash } = parsed as Record<string, unknown>;
  return Number.isSafeInteger(sequence) && typeof hash === 'string'
    ? { sequence: sequence as number, hash }
    : null;
}

/**
 * What to make of text after the last line end: a whole line that lacks it is kept, a part of a line
 * that a crash or a power cut left (NUL bytes included) is not.
 */
export function isTorn(rest: string): boolean {
  return parse(rest) === undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
