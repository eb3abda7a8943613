/** What a run's `agent` asks for; stored with the run. */
export interface AgentRequest {
  kind: string;
  prompt: string;
  model?: string;
  effort?: string;
}

export const AGENT_KIND = /^[a-z][a-z0-9-]{0,31}$/;
/** Models and efforts: what may stand in an argument or a configuration without harm. */
export const AGENT_WORD = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;

/** In characters; as the first argument of an agent it has to fit in 128 KiB. */
export const MAX_PROMPT = 100_000;

export const PROMPT_RULE = `text of 1 to ${MAX_PROMPT} characters without NUL`;

/** Half of a UTF-16 pair has no UTF-8 form. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether it is text for an agent: something, not too much, and nothing that is no Unicode text. */
export function isPrompt(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.trim() !== '' &&
    value.length <= MAX_PROMPT &&
    !value.includes('\0') &&
    !LONE_SURROGATE.test(value)
  );
}
