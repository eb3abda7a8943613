import { availableParallelism } from 'node:os';

import { z } from 'zod';

import { byteSize } from './byte-size.js';
import { parseEgressEntry } from './egress-entry.js';

export const MiB = 1024 * 1024;
export const GiB = 1024 * MiB;

export const threadSandboxSchema = z.enum(['read-only', 'workspace-write', 'danger-full-access']);

const insideWorkspace = z
  .string()
  .max(4096)
  .regex(/^\/workspace(\/[^/\0]+)*$/, 'must be an absolute path at or below /workspace')
  .refine((path) => !path.split('/').some((part) => part === '..' || part === '.'), {
    message: 'must not contain . or .. components',
  });

const egressEntry = z
  .string()
  .min(1)
  .max(300)
  .transform((text, context) => {
    const entry = parseEgressEntry(text);
    if (!('problem' in entry)) return entry.text;
    context.addIssue({ code: 'custom', message: entry.problem });
    return z.NEVER;
  });

/** Entries in one spelling: `host`, `*.host`, `host:port`, `*.host:port`. */
export const egressAllowlistSchema = z.array(egressEntry).max(1000);

/** Codex's tagged union, with its names (thread/start, turn/start of `codex app-server`). */
export const turnSandboxPolicySchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('dangerFullAccess'),
    networkAccess: z.boolean().default(false),
  }),
  z.strictObject({ type: z.literal('readOnly'), networkAccess: z.boolean().default(false) }),
  z.strictObject({
    type: z.literal('workspaceWrite'),
    networkAccess: z.boolean().default(false),
    writableRoots: z.array(insideWorkspace).max(64).default([]),
    excludeTmpdirEnvVar: z.boolean().default(false),
    excludeSlashTmp: z.boolean().default(false),
  }),
]);

const positiveCpus = z.number().min(0.01).max(4096);
/** A size of at least that many bytes. */
export const bytes = (least: number) =>
  byteSize.refine((value) => value >= least, { message: `must be at least ${least} bytes` });

export const resourcesSchema = z.strictObject({
  memory: bytes(16 * MiB)
    .default(4 * GiB)
    .describe('Memory limit; swap is the same, so none is used'),
  cpus: positiveCpus.default(Math.min(2, availableParallelism())).describe('CPU cores'),
  pids: z.number().int().min(16).max(4_194_304).default(512).describe('Processes and threads'),
  tmpfs: bytes(1 * MiB)
    .default(1 * GiB)
    .describe('Size of each tmpfs; its pages count as memory'),
  workspace: bytes(1 * MiB)
    .default(10 * GiB)
    .describe('Disk use of the workspace and HOME together'),
});

/** What a request may ask for: the same keys, all optional. */
export const requestedResourcesSchema = z.strictObject({
  memory: bytes(16 * MiB).optional(),
  cpus: positiveCpus.optional(),
  pids: z.number().int().min(16).max(4_194_304).optional(),
  tmpfs: bytes(1 * MiB).optional(),
  workspace: bytes(1 * MiB).optional(),
});

/** What a request may say of a turn: a field left out is the operator's, a network left out is off. */
export const requestedTurnPolicySchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('dangerFullAccess'),
    networkAccess: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal('readOnly'), networkAccess: z.boolean().optional() }),
  z.strictObject({
    type: z.literal('workspaceWrite'),
    networkAccess: z.boolean().optional(),
    writableRoots: z.array(insideWorkspace).max(64).optional(),
    excludeTmpdirEnvVar: z.boolean().optional(),
    excludeSlashTmp: z.boolean().optional(),
  }),
]);

/** The `policy` of a run's request. It can narrow the operator's policy, never widen it. */
export const requestedPolicySchema = z.strictObject({
  threadSandbox: threadSandboxSchema.optional(),
  turnSandboxPolicy: requestedTurnPolicySchema.optional(),
  egressAllowlist: egressAllowlistSchema.optional(),
  resources: requestedResourcesSchema.optional(),
});

export const environmentName = z
  .string()
  .max(256)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be an environment name: letters, digits and _');
