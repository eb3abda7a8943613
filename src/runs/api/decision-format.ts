import type { StoredDecision } from '../../egress/decisions/stored-decision.js';
import type { DecisionEvent } from '../egress/decision-follower.js';
import { accepted } from './accepted.js';
import type { DecisionView } from './run-egress.dto.js';

const OFFERS: readonly (readonly ['json' | 'events', RegExp])[] = [
  ['json', /^(application\/json|application\/\*|\*\/\*)$/],
  ['events', /^text\/(event-stream|\*)$/],
];

export function wantsEvents(accept: string | undefined): boolean {
  return accepted(accept, OFFERS) === 'events';
}

/** Without the run's id, which is in the request. */
export function viewOf({ runId: _runId, ...decision }: StoredDecision): DecisionView {
  const { id, seq, at, ...rest } = decision;
  return { id, seq, at: new Date(at).toISOString(), ...rest };
}

/** Only new rows carry an event's id, so that it is the last of them with which a client goes on. */
export function formatDecisionEvent(event: DecisionEvent): string {
  switch (event.kind) {
    case 'decisions':
      return event.decisions
        .map((one) => `id: ${one.seq}\nevent: decision\ndata: ${JSON.stringify(viewOf(one))}\n\n`)
        .join('');
    case 'updates':
      return event.decisions
        .map((one) => `event: update\ndata: ${JSON.stringify(viewOf(one))}\n\n`)
        .join('');
    case 'idle':
      return ': still here\n\n';
    case 'stopping':
      return 'event: stopping\ndata: {"reason":"service_stopping"}\n\n';
    case 'end': {
      const { status, exitCode } = event;
      return `event: end\ndata: ${JSON.stringify({ status, exitCode })}\n\n`;
    }
  }
}
