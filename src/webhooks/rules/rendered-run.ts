import type { DispatchedRun, DispatchRule } from '../../config/dispatch/dispatch-schema.js';
import { readTemplate, TemplateError } from '../../config/dispatch/template.js';
import type { TemplateValues } from '../../config/dispatch/template-variables.js';
import { DomainError } from '../../kernel/domain-error.js';
import { isPrompt, PROMPT_RULE, type AgentRequest } from '../../runs/agents/agent-request.js';
import { checkedRunRequest, type UncheckedRunRequest } from '../../runs/run-request-validation.js';
import { ISSUE_RULE, isIssueKey } from '../../workspaces/issue-key.js';
import type { WebhookEvent } from './event.js';
import { quoted } from './names.js';
import { GIVEN_ENVIRONMENT, templateValues } from './template-values.js';

/** What `POST /api/v1/runs` would be asked for. Secrets by their names. */
export interface RenderedRun {
  readonly issue: string;
  readonly request: UncheckedRunRequest;
}

/**
 * The run that a rule asks for of an event. Pure. Each element of the command and each variable is
 * rendered by itself: whatever a value holds, it stays inside that element.
 *
 * @returns the run, or why there can be none: names fields and variables
 */
export function renderRun(
  rule: DispatchRule,
  event: WebhookEvent,
): RenderedRun | { reason: string } {
  const issue = event.issue?.identifier ?? '';
  if (!isIssueKey(issue)) {
    return {
      reason: `the issue ${quoted(issue)} cannot be the name of a workspace: ${ISSUE_RULE}`,
    };
  }
  try {
    const request = renderedRequest(rule, templateValues(event));
    checkedRunRequest(request);
    return { issue, request };
  } catch (error) {
    const reason = reasonOf(error);
    if (reason === null) throw error;
    return { reason };
  }
}

/**
 * @throws FieldError naming the element or variable
 */
export function renderedRequest(
  { run }: DispatchRule,
  values: TemplateValues,
): UncheckedRunRequest {
  const { command, agent, credentialRoutes, env, secrets, policy, image, timeoutSeconds } = run;
  return {
    ...(command && { command: renderedCommand(command, values) }),
    ...(agent && { agent: renderedAgent(agent, values) }),
    ...(credentialRoutes && { credentialRoutes }),
    env: {
      ...givenEnvironment(values),
      ...Object.fromEntries(
        Object.entries(env).map(([name, text]) => [name, rendered(text, values, `env.${name}`)]),
      ),
    },
    secrets,
    ...(policy !== undefined && { policy }),
    ...(image !== undefined && { image }),
    ...(timeoutSeconds !== undefined && { timeoutSeconds }),
  };
}

/** A part of the run that could not be rendered. */
export class FieldError extends Error {
  constructor(
    readonly field: string,
    readonly problem: string,
  ) {
    super(`${field}: ${problem}`);
  }
}

/** Of an agent only the prompt comes of the event: as text for it to read, never as an option of its program. */
function renderedAgent(
  { kind, prompt: text, model, effort }: NonNullable<DispatchedRun['agent']>,
  values: TemplateValues,
): AgentRequest {
  const prompt = rendered(text, values, 'agent.prompt');
  if (!isPrompt(prompt)) throw new FieldError('agent.prompt', `must be ${PROMPT_RULE}`);
  return { kind, prompt, ...(model && { model }), ...(effort && { effort }) };
}

function renderedCommand(command: readonly string[], values: TemplateValues): string[] {
  const separator = command.indexOf('--');
  return command.map((text, index) => {
    const field = `command.${index}`;
    const element = rendered(text, values, field);
    const mayBeOption = separator === -1 || index < separator;
    if (mayBeOption && element.startsWith('-') && !text.startsWith('-')) {
      throw new FieldError(
        field,
        'would begin with a dash, which the program could take for an option; ' +
          'put "--" before it, or a text in front of the value',
      );
    }
    return element;
  });
}

function rendered(text: string, values: TemplateValues, field: string): string {
  const template = readTemplate(text);
  if ('problem' in template) throw new FieldError(field, template.problem);
  try {
    return template.render(values);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new FieldError(field, error.message);
  }
}

function givenEnvironment(values: TemplateValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(GIVEN_ENVIRONMENT).flatMap(([name, path]) => {
      const value = values.get(path);
      return typeof value === 'string' && value !== '' ? [[name, value]] : [];
    }),
  );
}

function reasonOf(error: unknown): string | null {
  if (error instanceof FieldError) return error.message;
  if (!(error instanceof DomainError)) return null;
  const details = (error.details ?? []).map(({ field, message }) => `${field} ${message}`);
  return details.length > 0 ? details.join('; ') : error.message;
}
