import type { DispatchRule } from '../../config/dispatch/dispatch-schema.js';
import { askedFields, isOneOf, metByEarlierLabels, unmetCondition } from './conditions.js';
import type { WebhookEvent } from './event.js';
import { inWords, quoted, sameName } from './names.js';

/** What was decided of one rule. */
export interface ConsideredRule {
  readonly rule: string;
  readonly matched: boolean;
  /** For people: why it matched or did not. Holds texts of the event, shortened. */
  readonly why: string;
}

export interface RuleMatch {
  /** The first rule that matches; `null`: none. */
  readonly rule: DispatchRule | null;
  /** Every rule, in the order of the settings. */
  readonly considered: readonly ConsideredRule[];
}

/** Which rule an event triggers, and why the others not. Pure; throws for no event. */
export function matchRules(rules: readonly DispatchRule[], event: WebhookEvent): RuleMatch {
  let first: DispatchRule | null = null;
  const considered = rules.map((rule): ConsideredRule => {
    if (first !== null) {
      return { rule: rule.name, matched: false, why: `the rule ${first.name} came first` };
    }
    const why = mismatch(rule, event);
    if (why !== null) return { rule: rule.name, matched: false, why };
    first = rule;
    return { rule: rule.name, matched: true, why: 'it is the first that matches' };
  });
  return { rule: first, considered };
}

function mismatch(rule: DispatchRule, event: WebhookEvent): string | null {
  const unmet = unmetCondition(rule.when, event);
  if (unmet !== null) return unmet;
  if (event.removed && !asksForRemoval(rule, event)) return 'the issue was removed';
  return matchedBefore(rule, event)
    ? `it matched before this event too, which changed nothing of ${inWords(askedFields(rule.when), 'and')}`
    : null;
}

/** Only a rule that names such an action is about issues that are gone. */
function asksForRemoval({ when }: DispatchRule, { action }: WebhookEvent): boolean {
  return when.action !== undefined && !sameName(action, 'update');
}

/** The event changed the issue, but nothing by which it came to match. */
function matchedBefore({ when, repeat }: DispatchRule, { issue, changed }: WebhookEvent): boolean {
  const asked = askedFields(when);
  if (repeat || asked.length === 0 || issue === null || changed === null) return false;
  return asked.every((field) => {
    if (!changed.fields.has(field)) return true;
    if (field !== 'labels' || when.labels === undefined) return false;
    return metByEarlierLabels(when.labels, issue.labels, changed.labelIds);
  });
}

/**
 * Why an event ends the run that `rule` started for its issue, or takes back the trigger that waits;
 * `null`: it does not. Of an issue that is in none of the states that the rule names, the run is no
 * longer wanted; a rule that names no state asks for the issue's removal alone. An event about something
 * else of the issue, as a comment, ends nothing.
 */
export function leftRule(rule: DispatchRule, event: WebhookEvent): string | null {
  if (!rule.cancelOnLeave || event.issue === null || event.stateOf === null) return null;
  if (event.removed) return 'the issue was removed';
  const { state } = event.issue;
  const wanted = rule.when.state;
  if (state === null || wanted === undefined || isOneOf(state, wanted)) return null;
  return `the issue moved to ${quoted(state.name)}, the rule ${rule.name} wants ${inWords(wanted)}`;
}
