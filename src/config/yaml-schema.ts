import { availableParallelism } from 'node:os';

import { z } from 'zod';

import { agentSchema, agentsSchema } from './agents-schema.js';
import { dispatchSchema } from './dispatch/dispatch-schema.js';
import {
  bytes,
  egressAllowlistSchema,
  environmentName,
  GiB,
  MiB,
  type requestedPolicySchema,
  type requestedTurnPolicySchema,
  resourcesSchema,
  threadSandboxSchema,
  turnSandboxPolicySchema,
} from './policy-schema.js';
import { webhooksSchema } from './webhooks-schema.js';

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
  agent: agentSchema.prefault({}),
  agents: agentsSchema.prefault({}),
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
  deliveriesDays: days
    .default(30)
    .describe('How long a webhook delivery is kept once it was handled; 0: for ever'),
  outboxDays: days
    .default(30)
    .describe('How long a message to others is kept once it was sent or given up; 0: for ever'),
});

/** The whole of `risoluto.yaml`. Strict at every level: an unknown key stops the start. */
export const yamlSchema = z.strictObject({
  rateLimits: rateLimitsSchema.prefault({}),
  runs: runsSchema.prefault({}),
  retention: retentionSchema.prefault({}),
  webhooks: webhooksSchema.prefault({}),
  codex: codexSchema.prefault({}),
  dispatch: dispatchSchema,
});

export type YamlSettings = z.output<typeof yamlSchema>;
export type RateLimitSettings = YamlSettings['rateLimits'];
export type RunSettings = YamlSettings['runs'];
export type RetentionSettings = YamlSettings['retention'];
export type DispatchSettings = YamlSettings['dispatch'];
export type WebhookSettings = YamlSettings['webhooks'];
export type CodexSettings = YamlSettings['codex'];
export type SandboxSettings = CodexSettings['sandbox'];
export type Resources = z.output<typeof resourcesSchema>;
export type ThreadSandbox = z.output<typeof threadSandboxSchema>;
export type TurnSandboxPolicy = z.output<typeof turnSandboxPolicySchema>;
export type RequestedTurnPolicy = z.output<typeof requestedTurnPolicySchema>;
export type RequestedPolicy = z.output<typeof requestedPolicySchema>;
export type ExtraMount = z.output<typeof extraMountSchema>;
