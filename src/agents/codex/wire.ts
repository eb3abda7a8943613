import { z } from 'zod';

import type { CommandExecutionRequestApprovalParams } from './protocol/v2/CommandExecutionRequestApprovalParams.js';
import type { ErrorNotification } from './protocol/v2/ErrorNotification.js';
import type { FileChangeRequestApprovalParams } from './protocol/v2/FileChangeRequestApprovalParams.js';
import type { ItemCompletedNotification } from './protocol/v2/ItemCompletedNotification.js';
import type { ServerRequestResolvedNotification } from './protocol/v2/ServerRequestResolvedNotification.js';
import type { ThreadReadResponse } from './protocol/v2/ThreadReadResponse.js';
import type { ThreadStartResponse } from './protocol/v2/ThreadStartResponse.js';
import type { ThreadTokenUsageUpdatedNotification } from './protocol/v2/ThreadTokenUsageUpdatedNotification.js';
import type { ThreadTurnsListResponse } from './protocol/v2/ThreadTurnsListResponse.js';
import type { TurnCompletedNotification } from './protocol/v2/TurnCompletedNotification.js';
import type { TurnPlanUpdatedNotification } from './protocol/v2/TurnPlanUpdatedNotification.js';
import type { TurnStartedNotification } from './protocol/v2/TurnStartedNotification.js';
import type { TurnStartResponse } from './protocol/v2/TurnStartResponse.js';
import type { TurnSteerResponse } from './protocol/v2/TurnSteerResponse.js';
import type { WarningNotification } from './protocol/v2/WarningNotification.js';

/**
 * What is read of the app-server's messages. The generated types say what Codex sends; these check
 * that it came, because what runs beside Codex in the sandbox can write to the same pipe. A schema
 * that the generated type does not fit is an error of the compiler.
 */
function reads<Wire>() {
  return <Out, In>(schema: z.ZodType<Out, In> & (Wire extends In ? unknown : never)) => {
    const check: z.ZodType<Out, In> = schema;
    return (value: unknown): Out | null => check.safeParse(value).data ?? null;
  };
}

const count = z.number().int().nonnegative();

/** Names that are kept. */
const name = z.string().max(1000);
/** Far more than is ever shown of it: a secret that is cut in two would not be known again. */
const MOST_ERROR = 256 * 1024;

const turnError = z.object({
  message: z.string().transform((text) => text.slice(0, MOST_ERROR)),
  codexErrorInfo: z.unknown(),
  additionalDetails: z.string().nullable(),
});

const turn = z.object({
  id: name,
  status: z.enum(['completed', 'interrupted', 'failed', 'inProgress']),
  error: turnError.nullable(),
});

export type TurnOnWire = z.output<typeof turn>;
export type TurnErrorOnWire = z.output<typeof turnError>;

const usage = z.object({
  totalTokens: count,
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningOutputTokens: count,
});

export type UsageOnWire = z.output<typeof usage>;

/** Items are of many types; each reader of one checks the rest. */
const item = z.looseObject({ id: name, type: name });

export type ItemOnWire = z.output<typeof item>;

export const readThread = reads<ThreadStartResponse>()(
  z.object({ thread: z.object({ id: z.string() }), model: z.string() }),
);

export const readThreadStatus = reads<ThreadReadResponse>()(
  z.object({ thread: z.object({ id: z.string(), status: z.object({ type: z.string() }) }) }),
);

export const readTurns = reads<ThreadTurnsListResponse>()(
  z.object({ data: z.array(z.object({ items: z.array(item) })) }),
);

export const readTurn = reads<TurnStartResponse>()(z.object({ turn }));

export const readSteered = reads<TurnSteerResponse>()(z.object({ turnId: z.string() }));

export const readTurnStarted = reads<TurnStartedNotification>()(
  z.object({ threadId: z.string(), turn: z.object({ id: z.string() }) }),
);

export const readTurnCompleted = reads<TurnCompletedNotification>()(
  z.object({ threadId: z.string(), turn }),
);

export const readItem = reads<ItemCompletedNotification>()(
  z.object({ threadId: z.string(), turnId: z.string(), item }),
);

export const readUsage = reads<ThreadTokenUsageUpdatedNotification>()(
  z.object({
    threadId: z.string(),
    turnId: z.string(),
    tokenUsage: z.object({ total: usage }),
  }),
);

export const readPlan = reads<TurnPlanUpdatedNotification>()(
  z.object({
    explanation: z.string().nullable(),
    plan: z.array(z.object({ step: z.string(), status: z.string() })),
  }),
);

export const readError = reads<ErrorNotification>()(
  z.object({ error: turnError, willRetry: z.boolean() }),
);

export const readWarning = reads<WarningNotification>()(z.object({ message: z.string() }));

export const readResolved = reads<ServerRequestResolvedNotification>()(
  z.object({ requestId: z.union([z.string(), z.number()]) }),
);

export const readCommandQuestion = reads<CommandExecutionRequestApprovalParams>()(
  z.object({
    turnId: z.string(),
    itemId: z.string(),
    approvalId: z.string().nullish(),
    command: z.string().nullish(),
    cwd: z.string().nullish(),
    reason: z.string().nullish(),
  }),
);

export const readFileQuestion = reads<FileChangeRequestApprovalParams>()(
  z.object({
    turnId: z.string(),
    itemId: z.string(),
    reason: z.string().nullish(),
    grantRoot: z.string().nullish(),
  }),
);
