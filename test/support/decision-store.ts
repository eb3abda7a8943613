import type { Settings } from '../../src/config/settings.js';
import { DecisionFeed } from '../../src/egress/decisions/decision-feed.js';
import { DecisionMetrics } from '../../src/egress/decisions/decision-metrics.js';
import { DecisionTrail } from '../../src/egress/decisions/decision-trail.js';
import { EgressDecisions } from '../../src/egress/decisions/egress-decision.repository.js';
import { StoredDecisions } from '../../src/egress/decisions/stored-decisions.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { Metrics } from '../../src/metrics/metrics.js';
import type { TemporaryDatabase } from './temporary-database.js';

/** Decisions on a temporary database, wired as `EgressModule` wires them. */
export function decisionStore({ read, transactions }: TemporaryDatabase): {
  recorder: StoredDecisions;
  trail: DecisionTrail;
} {
  const repository = new EgressDecisions(read);
  const feed = new DecisionFeed();
  const metrics = new DecisionMetrics(new Metrics());
  const clock = new SystemClock();
  const settings = { codex: { sandbox: { egressMode: 'enforce' } } } as Settings;
  return {
    recorder: new StoredDecisions(transactions, repository, feed, metrics, clock),
    trail: new DecisionTrail(repository, feed, settings),
  };
}
