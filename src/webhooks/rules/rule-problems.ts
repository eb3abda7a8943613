import type { DispatchRule } from '../../config/dispatch/dispatch-schema.js';
import { TEMPLATE_VARIABLES } from '../../config/dispatch/template-variables.js';
import type { Settings } from '../../config/settings.js';
import type { KeyProblem } from '../../config/yaml-file.js';
import { DomainError } from '../../kernel/domain-error.js';
import { checkedRunRequest } from '../../runs/run-request-validation.js';
import { effectivePolicy } from '../../sandbox/policy.js';
import { assertSecretKey } from '../../secrets/secret-name.js';
import { sameName } from './names.js';
import { FieldError, renderedRequest } from './rendered-run.js';
import { GIVEN_ENVIRONMENT } from './template-values.js';

/** Short, so that no limit is passed but by the rule's own text. */
const SAMPLE = new Map(
  [...TEMPLATE_VARIABLES].map(([path, kind]) => [path, kind === 'list' ? ['x'] : 'x']),
);

/**
 * What is wrong with the dispatch rules that shows only with the rest of the settings or in the whole
 * of a request: a policy that is wider than the operator's, a variable that may not be set. Else every
 * run of the rule would be refused.
 */
export function ruleProblems({
  dispatch,
  codex,
  configuredKeys,
}: Pick<Settings, 'dispatch' | 'codex' | 'configuredKeys'>): KeyProblem[] {
  return dispatch.flatMap((rule, index) => {
    const details = [
      ...givenTwice(rule),
      ...refusedBy(() => checkedRunRequest(withoutGiven(rule))),
      ...refusedBy(() => effectivePolicy(codex, configuredKeys, rule.run)),
      ...secretProblems(rule),
    ];
    return [
      ...details.map(({ field, message }) => ({ field: `run.${field}`, message })),
      ...reportProblems(rule),
    ].map(({ field, message }) => ({
      key: `dispatch.${index}.${field}`,
      rule: `rule ${rule.name}: ${message}`,
    }));
  });
}

interface Detail {
  field: string;
  message: string;
}

/** The request as of an event that tells everything; what is doubled is told by `givenTwice`. */
function withoutGiven(rule: DispatchRule) {
  const { env, ...request } = renderedRequest(rule, SAMPLE);
  const own = Object.entries(env ?? {}).filter(([name]) => !Object.hasOwn(GIVEN_ENVIRONMENT, name));
  return { ...request, env: Object.fromEntries(own) };
}

function givenTwice({ run: { env, secrets } }: DispatchRule): Detail[] {
  const bySecrets = Array.isArray(secrets) ? secrets : Object.keys(secrets);
  const message = 'is set for every dispatched run; choose another name';
  return Object.keys(GIVEN_ENVIRONMENT).flatMap((name) => [
    ...(Object.hasOwn(env, name) ? [{ field: `env.${name}`, message }] : []),
    ...(bySecrets.includes(name) ? [{ field: `secrets.${name}`, message }] : []),
  ]);
}

function secretProblems({ run: { secrets } }: DispatchRule): Detail[] {
  return Object.entries(secrets).flatMap(([key, name]) =>
    refusedBy(() => assertSecretKey(name)).map(({ message }) => ({
      field: `secrets.${key}`,
      message,
    })),
  );
}

/** A move of ours comes back as an event, and must neither end the run nor start the next one. */
function reportProblems({ when, report, cancelOnLeave }: DispatchRule): Detail[] {
  const wanted = when.state;
  if (wanted === undefined) return [];
  const isWanted = (state: string) => wanted.some((one) => sameName(one, state));
  const again = 'is a state that triggers the rule, so the move would start it again';
  const problems: Detail[] = [];
  const { started } = report;
  if (started.state !== undefined && !isWanted(started.state) && cancelOnLeave) {
    const message =
      'is none of the states of when, so the move would cancel the run that it tells of; ' +
      'name it there, or set cancelOnLeave: false';
    problems.push({ field: 'report.started.state', message });
  }
  if (started.state !== undefined && isWanted(started.state) && wanted.length > 1) {
    problems.push({ field: 'report.started.state', message: again });
  }
  for (const end of ['succeeded', 'failed', 'cancelled'] as const) {
    const { state } = report[end];
    if (state === undefined || !isWanted(state)) continue;
    problems.push({ field: `report.${end}.state`, message: again });
  }
  return problems;
}

function refusedBy(attempt: () => unknown): readonly Detail[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (error instanceof FieldError) return [{ field: error.field, message: error.problem }];
    if (!(error instanceof DomainError) || error.details === undefined) throw error;
    return error.details;
  }
}
