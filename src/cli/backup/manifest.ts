import { z } from 'zod';

import { ID_PATTERN } from '../../kernel/ids.js';
import { isIssueKey } from '../../workspaces/issue-key.js';

/** Raised when an older Risoluto could not restore what is written. */
export const BACKUP_FORMAT = 1;
/** Of a backup that workspaces were asked into: an older Risoluto says that it is too new for it. */
export const WORKSPACES_FORMAT = 2;

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

export function workspaceName(issue: string): string {
  return `workspaces/${issue}.tar.gz`;
}

/** Whose workspace a member is; `null` for any other member. */
export function issueOfMember(name: string): string | null {
  const [, issue = ''] = /^workspaces\/([^/]+)\.tar\.gz$/.exec(name) ?? [];
  return isIssueKey(issue) ? issue : null;
}

/** A name that a backup of ours can hold. */
export function isMember(name: string): boolean {
  return isDataMember(name) || issueOfMember(name) !== null;
}

/** A name of the data directory that is taken along; a restore writes no other to disk. */
export function isDataMember(name: string): boolean {
  const [, runId = ''] = /^output\/([^/]+)\.ndjson$/.exec(name) ?? [];
  return name === DATABASE || FILES.some((file) => file === name) || ID_PATTERN.test(runId);
}

const count = z.number().int().min(0);

const memberSchema = (known: (name: string) => boolean) =>
  z.strictObject({
    name: z.string().refine(known),
    size: count,
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  });

const MOST_MEMBERS = 10_000_000;

const common = {
  /** Of the Risoluto that wrote it. */
  version: z.string().min(1).max(64),
  createdAt: z.iso.datetime(),
  /** Whose containers and network those of the runs in it were. */
  instanceId: z.string().regex(/^[0-9a-f]{16}$/),
  /** The last migration of the database. */
  schema: z.string().max(200),
  /** How many runs of the database are in which state, and how many have their output with them. */
  runs: z.strictObject({ finished: count, unfinished: count, withOutput: count }),
};

const leftOutSchema = z.strictObject({
  issue: z.string().refine(isIssueKey),
  /** The code with which the service refused it last. */
  reason: z.string().regex(/^[a-z_]{1,64}$/),
});

export const manifestSchema = z.discriminatedUnion('format', [
  z.strictObject({
    format: z.literal(BACKUP_FORMAT),
    ...common,
    members: z.array(memberSchema(isDataMember)).max(MOST_MEMBERS),
  }),
  z.strictObject({
    format: z.literal(WORKSPACES_FORMAT),
    ...common,
    workspaces: z.strictObject({
      stored: count,
      /** There when the backup was made, and not in it. */
      leftOut: z.array(leftOutSchema).max(MOST_MEMBERS),
    }),
    members: z.array(memberSchema(isMember)).max(MOST_MEMBERS),
  }),
]);

export type Manifest = z.output<typeof manifestSchema>;
export type Member = Manifest['members'][number];
export type LeftOutWorkspace = z.output<typeof leftOutSchema>;
export type WorkspacesPart = Extract<Manifest, { format: 2 }>['workspaces'];
