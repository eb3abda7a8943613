import type { Settings } from '../config/settings.js';
import type { KeyProblem } from '../config/yaml-file.js';
import { DomainError, type ErrorDetail } from '../kernel/domain-error.js';
import type { AgentRequest } from '../runs/agents/agent-request.js';
import { checkExecRequest } from './exec/exec-argv.js';

/** Kinds that need no settings of the operator's to be there. */
const BUILT_IN: readonly string[] = ['codex'];

/**
 * What is wrong with the agents that dispatch rules ask for: kinds that there are not, models that a kind
 * does not take. Else every run of the rule would be refused.
 */
export function dispatchedAgentProblems({
  dispatch,
  codex,
}: Pick<Settings, 'dispatch' | 'codex'>): KeyProblem[] {
  return dispatch.flatMap(({ name, run }, index) => {
    if (run.agent === undefined) return [];
    return problemsOf(codex, run.agent).map(({ field, message }) => ({
      key: `dispatch.${index}.run.${field}`,
      rule: `rule ${name}: ${message}`,
    }));
  });
}

function problemsOf(
  { agents: { exec } }: Settings['codex'],
  {
    kind,
    model,
    effort,
  }: Omit<AgentRequest, 'model' | 'effort'> & {
    model?: string | undefined;
    effort?: string | undefined;
  },
): readonly ErrorDetail[] {
  const agent = exec.find((one) => one.name === kind);
  if (agent === undefined) {
    const kinds = [...BUILT_IN, ...exec.map((one) => one.name)];
    if (BUILT_IN.includes(kind)) return [];
    return [{ field: 'agent.kind', message: `must be one of: ${kinds.join(', ')}` }];
  }
  try {
    // The prompt is known when an event has come.
    const request = { kind, prompt: 'x', ...(model && { model }), ...(effort && { effort }) };
    checkExecRequest(agent, request);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError) || error.details === undefined) throw error;
    return error.details;
  }
}
