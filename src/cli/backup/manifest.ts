import { z } from 'zod';

import { ID_PATTERN } from '../../kernel/ids.js';

/** Raised when an older Risoluto could not restore what is written. */
export const BACKUP_FORMAT = 1;

export const MANIFEST = 'manifest.json';
export const DATABASE = 'risoluto.db';
export const AUDIT_KEY = 'audit.key';
export const AUDIT_HEAD = 'audit.head';
export const SECRETS_FILE = 'secrets.enc';

/**
 * What is taken of the data directory beside the database and the output, where it is there. The lock
 * and the instance's id stay behind, and so does whatever else lies there, a master key above all.
 */
export const FILES = [AUDIT_KEY, AUDIT_HEAD, SECRETS_FILE, 'secrets.audit.log'] as const;

export function outputName(runId: string): string {
  return `output/${runId}.ndjson`;
}

/** A name that a backup of ours can hold; no other is ever written to disk. */
export function isMember(name: string): boolean {
  const [, runId = ''] = /^output\/([^/]+)\.ndjson$/.exec(name) ?? [];
  return name === DATABASE || FILES.some((file) => file === name) || ID_PATTERN.test(runId);
}

const count = z.number().int().min(0);

const memberSchema = z.strictObject({
  name: z.string().refine(isMember),
  size: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export const manifestSchema = z.strictObject({
  format: z.literal(BACKUP_FORMAT),
  /** Of the Risoluto that wrote it. */
  version: z.string().min(1).max(64),
  createdAt: z.iso.datetime(),
  /** Whose containers and network those of the runs in it were. */
  instanceId: z.string().regex(/^[0-9a-f]{16}$/),
  /** The last migration of the database. */
  schema: z.string().max(200),
  /** How many runs of the database are in which state, and how many have their output with them. */
  runs: z.strictObject({ finished: count, unfinished: count, withOutput: count }),
  members: z.array(memberSchema).max(10_000_000),
});

export type Manifest = z.output<typeof manifestSchema>;
export type Member = z.output<typeof memberSchema>;
