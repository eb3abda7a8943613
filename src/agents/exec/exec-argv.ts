import type { ExecAgent } from '../../config/agents-schema.js';
import { DomainError, type ErrorDetail } from '../../kernel/domain-error.js';
import type { AgentRequest } from '../../runs/agents/agent-request.js';

/** The request's own, or the operator's default; `undefined` where the agent takes none. */
interface Values {
  prompt: string;
  model: string | undefined;
  effort: string | undefined;
  memory: string | null;
}

/** The program and its arguments, each placeholder filled in inside its own argument. */
export function execArgv(agent: ExecAgent, request: AgentRequest, memory: string | null): string[] {
  const values: Values = { ...chosen(agent, request), prompt: request.prompt, memory };
  const words = memory === null || agent.resume === undefined ? agent.argv : agent.resume;
  return words.map((word) =>
    word.replaceAll(
      /\{(prompt|model|effort|memory)\}/g,
      (_, name: keyof Values) => values[name] ?? '',
    ),
  );
}

/**
 * Refuses what the agent would not understand, or would take for an option.
 *
 * @throws DomainError `validation_failed`
 */
export function checkExecRequest(agent: ExecAgent, request: AgentRequest): void {
  const details: ErrorDetail[] = [];
  const values = chosen(agent, request);
  for (const name of ['model', 'effort'] as const) {
    const takes = agent.argv.some((word) => word.includes(`{${name}}`));
    if (!takes && request[name] !== undefined) {
      details.push({ field: `agent.${name}`, message: `is nothing that ${agent.name} takes` });
    }
    if (takes && values[name] === undefined) {
      details.push({
        field: `agent.${name}`,
        message: `must be given: ${agent.name} has no default`,
      });
    }
  }
  if (request.prompt.startsWith('-') && [agent.argv, agent.resume ?? []].some(mayBeOption)) {
    const message = `must not begin with a dash, which ${agent.name} could take for an option`;
    details.push({ field: 'agent.prompt', message });
  }
  if (details.length === 0) return;
  throw new DomainError('validation_failed', 'The agent cannot be started as asked', { details });
}

function chosen(agent: ExecAgent, { model, effort }: AgentRequest) {
  return { model: model ?? agent.model, effort: effort ?? agent.effort };
}

/** The prompt begins an argument with no `--` before it. */
function mayBeOption(words: readonly string[]): boolean {
  const at = words.findIndex((word) => word.startsWith('{prompt}'));
  const separator = words.indexOf('--');
  return at !== -1 && (separator === -1 || separator > at);
}
