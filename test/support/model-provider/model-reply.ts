/** What the provider answers to one request for a response. */
export type ModelReply =
  | ItemsReply
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body: unknown;
    }
  /** The stream starts, and then nothing comes until the client leaves. */
  | { readonly kind: 'stall'; readonly items?: readonly OutputItem[] }
  /** The connection breaks after these items, before the response is complete. */
  | { readonly kind: 'disconnect'; readonly items?: readonly OutputItem[] }
  /** Events that are none: the bytes as they are. */
  | { readonly kind: 'malformed'; readonly text: string };

/** A whole response. */
export interface ItemsReply {
  readonly kind: 'items';
  readonly items: readonly OutputItem[];
  readonly usage?: ModelUsage;
}

/** In tokens, as the Responses API counts them. */
export interface ModelUsage {
  readonly input: number;
  readonly cached?: number;
  readonly output: number;
  readonly reasoning?: number;
}

/** An item of the Responses API's `output`, but for its id. */
export type OutputItem = Readonly<Record<string, unknown>> & { readonly type: string };

/** Says this and ends the turn. */
export function says(text: string, usage?: ModelUsage): ModelReply {
  return reply([message(text)], usage);
}

/** These items, in this order. */
export function reply(items: readonly OutputItem[], usage?: ModelUsage): ItemsReply {
  return { kind: 'items', items, ...(usage !== undefined && { usage }) };
}

/** Runs a command of the shell. */
export function runs(command: string, usage?: ModelUsage): ItemsReply {
  return reply([shellCall(command)], usage);
}

export function message(text: string): OutputItem {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
}

export function reasoning(summary: string): OutputItem {
  return {
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: summary }],
    content: null,
    encrypted_content: null,
  };
}

let calls = 0;

/** A call of the tool by which Codex runs a command. */
export function shellCall(cmd: string, more: Readonly<Record<string, unknown>> = {}): OutputItem {
  return functionCall('exec_command', { cmd, yield_time_ms: 30_000, ...more });
}

export function functionCall(name: string, args: unknown): OutputItem {
  calls += 1;
  return {
    type: 'function_call',
    name,
    arguments: JSON.stringify(args),
    call_id: `call_${String(calls)}`,
  };
}

/** A patch in the format of Codex's own `apply_patch` tool. */
export function patchCall(patch: string): OutputItem {
  calls += 1;
  return {
    type: 'custom_tool_call',
    status: 'completed',
    name: 'apply_patch',
    input: patch,
    call_id: `call_${String(calls)}`,
  };
}
