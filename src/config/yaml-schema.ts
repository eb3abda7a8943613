import { availableParallelism } from 'node:os';

import { z } from 'zod';

import { byteSize } from './byte-size.js';
import { parseEgressEntry } from './egress-entry.js';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

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
const egressAllowlistSchema = z.array(egressEntry).max(1000);

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
const bytes = (least: number) =>
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

const extraMountSchema = z.strictObject({
  source: z.string().regex(/^\/[^\0]*$/, 'must be an absolute path of the host'),
  target: z.string().regex(/^\/[^\0:]*$/, 'must be an absolute path in the sandbox'),
  readOnly: z.boolean().default(true),
});

const sandboxSchema = z.strictObject({
  image: z
    .string()
    .regex(/^[a-z0-9][\w./:@-]{0,254}$/, 'must be an image reference')
    .default('risoluto-sandbox:latest'),
  network: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/, 'must be the name of a Docker network')
    .default('risoluto-internal'),
  dns: z.array(z.ipv4()).max(3).default([]),
  egressAllowlist: egressAllowlistSchema
    .default([])
    .describe('What turns with network access may reach; empty: all of the internet'),
  egressMode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe(
      'observe: nothing is refused but private and metadata addresses, and all is written down',
    ),
  egressInternalRanges: z
    .array(z.union([z.cidrv4(), z.cidrv6()]))
    .max(64)
    .default([])
    .describe('Private ranges that the egress gateway may connect to all the same'),
  egressLimits: z
    .strictObject({
      connections: z
        .number()
        .int()
        .min(1)
        .max(65_536)
        .default(1024)
        .describe('Connections through the gateway that one run has at once'),
      newConnectionsPerSecond: z
        .number()
        .int()
        .min(1)
        .max(100_000)
        .default(500)
        .describe('New connections of one run in a second'),
      bytes: bytes(0)
        .default(0)
        .describe('Bytes that one turn moves through the gateway, both ways; 0: no limit'),
    })
    .prefault({}),
  security: z
    .strictObject({
      noNewPrivileges: z.boolean().default(true),
      dropCapabilities: z.boolean().default(true),
      gvisor: z.boolean().default(false),
      seccompProfile: z
        .string()
        .max(4096)
        .default('')
        .describe(
          'empty: the engine’s default; hardened: config/seccomp/hardened.json; else a path from this file',
        ),
    })
    .prefault({}),
  resources: resourcesSchema.prefault({}),
  timeoutSeconds: z.number().int().min(1).max(604_800).default(3600),
  extraMounts: z.array(extraMountSchema).max(32).default([]),
  envPassthrough: z.array(environmentName).max(128).default([]),
  protectRepoConfig: z
    .boolean()
    .default(true)
    .describe(
      'Keeps what git, Codex and MCP clients run from a workspace from being changed in it',
    ),
});

const codexSchema = z.strictObject({
  threadSandbox: threadSandboxSchema.default('workspace-write'),
  turnSandboxPolicy: turnSandboxPolicySchema.prefault({ type: 'workspaceWrite' }),
  sandbox: sandboxSchema.prefault({}),
});

const limit = (perWindow: number) =>
  z
    .strictObject({ limit: z.number().int().min(1).max(1_000_000_000).default(perWindow) })
    .prefault({});

const rateLimitsSchema = z.strictObject({ api: limit(300), webhooks: limit(600) });

const runsSchema = z.strictObject({
  maxConcurrent: z.number().int().min(1).max(10_000).default(availableParallelism()),
  maxQueued: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Runs that may wait; one more is refused'),
  outputLimit: bytes(1024)
    .default(64 * MiB)
    .describe('Stored output of one run; what comes after it is dropped and marked'),
  minFreeDisk: bytes(0)
    .default(1 * GiB)
    .describe('No run starts while the workspaces’ file system has less free space'),
  onStop: z
    .enum(['leave', 'end'])
    .default('leave')
    .describe('What becomes of running commands when the service stops'),
  idleTimeoutSeconds: z
    .number()
    .int()
    .min(1)
    .max(604_800)
    .default(900)
    .describe('How long a keepAlive run waits for its next turn before it is closed'),
});

const days = z.number().int().min(0).max(36_500);

const retentionSchema = z.strictObject({
  runsDays: days
    .default(90)
    .describe('How long a finished run and its output are kept; 0: for ever'),
  maxRuns: z
    .number()
    .int()
    .min(0)
    .max(100_000_000)
    .default(100_000)
    .describe('How many finished runs are kept; the oldest go first. 0: no limit'),
  auditDays: days
    .default(0)
    .describe(
      'How long a row of the audit trail is kept; a signed checkpoint follows it. 0: for ever',
    ),
});

/** The whole of `risoluto.yaml`. Strict at every level: an unknown key stops the start. */
export const yamlSchema = z.strictObject({
  rateLimits: rateLimitsSchema.prefault({}),
  runs: runsSchema.prefault({}),
  retention: retentionSchema.prefault({}),
  codex: codexSchema.prefault({}),
});

export type YamlSettings = z.output<typeof yamlSchema>;
export type RateLimitSettings = YamlSettings['rateLimits'];
export type RunSettings = YamlSettings['runs'];
export type RetentionSettings = YamlSettings['retention'];
export type CodexSettings = YamlSettings['codex'];
export type SandboxSettings = CodexSettings['sandbox'];
export type Resources = z.output<typeof resourcesSchema>;
export type ThreadSandbox = z.output<typeof threadSandboxSchema>;
export type TurnSandboxPolicy = z.output<typeof turnSandboxPolicySchema>;
export type RequestedTurnPolicy = z.output<typeof requestedTurnPolicySchema>;
export type RequestedPolicy = z.output<typeof requestedPolicySchema>;
export type ExtraMount = z.output<typeof extraMountSchema>;
