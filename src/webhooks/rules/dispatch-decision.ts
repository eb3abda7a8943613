import type { DispatchRule } from '../../config/dispatch/dispatch-schema.js';
import type { WebhookEvent } from './event.js';
import { leftRule, matchRules, type ConsideredRule } from './match-rules.js';
import { renderRun, type RenderedRun } from './rendered-run.js';

/** What an event does by the rules, as far as the event alone decides. */
export interface DispatchDecision {
  /** The rule that it triggers; `null`: none. */
  readonly rule: DispatchRule | null;
  readonly considered: readonly ConsideredRule[];
  /** What the rule asks for; `null`: no rule, or it could not be rendered. */
  readonly run: RenderedRun | null;
  /** Why there is no run; `null`: there is one. */
  readonly reason: string | null;
  /** The rules whose active run of this issue the event ends, and why. */
  readonly ends: readonly { readonly rule: string; readonly why: string }[];
}

/** Decides without doing anything. Pure; throws for no event. */
export function decideDispatch(
  rules: readonly DispatchRule[],
  event: WebhookEvent,
): DispatchDecision {
  const { rule, considered } = matchRules(rules, event);
  const ends = rules.flatMap((one) => {
    const why = leftRule(one, event);
    return why === null ? [] : [{ rule: one.name, why }];
  });
  if (rule === null) return { rule, considered, run: null, reason: 'no rule matches', ends };
  const run = renderRun(rule, event);
  return 'reason' in run
    ? { rule, considered, run: null, reason: run.reason, ends }
    : { rule, considered, run, reason: null, ends };
}
