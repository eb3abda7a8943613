/** Tokens of a model, as its provider counts them. */
export interface TokenCounts {
  readonly inputTokens: number;
  /** Of `inputTokens`, those that the provider had at hand. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** Of `outputTokens`, those that nobody is shown. */
  readonly reasoningOutputTokens: number;
}

/** What the agent of a run has used, over all its turns. */
export interface RunUsage extends TokenCounts {
  /** In millionths of the unit of `codex.agent.prices`; `null`: some of it had no price. */
  readonly costMicros: number | null;
}

/** Where counting stands; stored with the run. */
export interface UsageRow extends RunUsage {
  /** The conversation whose count is `seen`. */
  readonly threadId: string;
  readonly seen: TokenCounts;
}

const NOTHING: TokenCounts = {
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningOutputTokens: 0,
};

const KEYS = Object.keys(NOTHING) as (keyof TokenCounts)[];

/** What one more count of a conversation says, whose count goes on from turn to turn. */
export interface CountedThread {
  readonly threadId: string;
  readonly total: TokenCounts;
  /** Of these tokens, in millionths; `null`: no price is known. */
  readonly costMicrosOf: (tokens: TokenCounts) => number | null;
}

/**
 * The usage of a run after one more count. A count that is below the one before adds nothing: a new
 * process of an agent goes on from what its conversation had stored, which may be less. Pure.
 */
export function counted(row: UsageRow | null, thread: CountedThread): UsageRow {
  const { threadId, total } = thread;
  const seen = row?.threadId === threadId ? row.seen : NOTHING;
  const before = row ?? { ...NOTHING, costMicros: 0 };
  const more = map((key) => Math.max(0, total[key] - seen[key]));
  const cost = tokensOf(more) === 0 ? 0 : thread.costMicrosOf(more);
  return {
    ...map((key) => before[key] + more[key]),
    costMicros: before.costMicros === null || cost === null ? null : before.costMicros + cost,
    threadId,
    seen: total,
  };
}

/** Input and output together. */
export function tokensOf({ inputTokens, outputTokens }: TokenCounts): number {
  return inputTokens + outputTokens;
}

function map(value: (key: keyof TokenCounts) => number): TokenCounts {
  return Object.fromEntries(KEYS.map((key) => [key, value(key)])) as unknown as TokenCounts;
}
