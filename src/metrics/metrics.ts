import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

import { AnswerHistogram } from './answer-histogram.js';
import { AnswerSeries } from './answer-series.js';
import { threadPoolWaitSeconds } from './thread-pool-wait.js';

const PREFIX = 'risoluto_';

const STORAGE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/**
 * Every metric of the product, so that all names stand in one place:
 * `risoluto_<thing>_<unit>[_total]`. Labels are bounded sets; none comes from a client's text.
 */
export class Metrics {
  readonly registry = new Registry();

  /** Every answer is recorded here; the two metrics below show it. */
  readonly answers = new AnswerSeries([
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]);

  readonly httpRequests: Counter<'method' | 'route' | 'status'> = new Counter({
    name: `${PREFIX}http_requests_total`,
    help: 'Answers, by method, route template and status',
    labelNames: ['method', 'route', 'status'] as const,
    registers: [this.registry],
    collect: () => {
      this.httpRequests.reset();
      this.answers.eachStatus((labels, count) => this.httpRequests.inc(labels, count));
    },
  });

  readonly httpDuration = new AnswerHistogram(
    {
      name: `${PREFIX}http_request_duration_seconds`,
      help: 'Time from the request to the end of its answer',
      registers: [this.registry],
    },
    this.answers,
  );

  readonly accessDenials = new Counter({
    name: `${PREFIX}access_denials_total`,
    help: 'Requests that the guard refused, by error code',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });

  readonly rateLimited = new Counter({
    name: `${PREFIX}rate_limited_requests_total`,
    help: 'Requests past the rate limit, by group',
    labelNames: ['group'] as const,
    registers: [this.registry],
  });

  readonly rateLimitOverflows = new Counter({
    name: `${PREFIX}rate_limit_overflow_requests_total`,
    help: 'Requests that shared the overflow allowance because the table was full, by group',
    labelNames: ['group'] as const,
    registers: [this.registry],
  });

  readonly runs = new Counter({
    name: `${PREFIX}runs_total`,
    help: 'Finished runs, by outcome',
    labelNames: ['status'] as const,
    registers: [this.registry],
  });

  readonly turns = new Counter({
    name: `${PREFIX}turns_total`,
    help: 'Executed turns that are over, by outcome; every run has at least one',
    labelNames: ['status'] as const,
    registers: [this.registry],
  });

  readonly activeRuns = new Gauge({
    name: `${PREFIX}active_runs`,
    help: 'Runs that are executed now',
    registers: [this.registry],
  });

  readonly runStart = new Histogram({
    name: `${PREFIX}run_start_seconds`,
    help: 'Time from taking a run out of the queue to the beginning of its command',
    buckets: [0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30],
    registers: [this.registry],
  });

  readonly runDuration = new Histogram({
    name: `${PREFIX}run_duration_seconds`,
    help: 'Time from the beginning of a command to its end',
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 1800, 3600, 7200],
    registers: [this.registry],
  });

  readonly writeWait = new Histogram({
    name: `${PREFIX}storage_write_wait_seconds`,
    help: 'Time a change waited in the line for the writing connection',
    buckets: STORAGE_BUCKETS,
    registers: [this.registry],
  });

  readonly writeGroup = new Histogram({
    name: `${PREFIX}storage_write_group_works`,
    help: 'Changes that shared one transaction',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [this.registry],
  });

  readonly writeDuration = new Histogram({
    name: `${PREFIX}storage_transaction_seconds`,
    help: 'Time of a transaction from BEGIN to the end of COMMIT or ROLLBACK',
    labelNames: ['outcome'] as const,
    buckets: STORAGE_BUCKETS,
    registers: [this.registry],
  });

  readonly readDuration = new Histogram({
    name: `${PREFIX}storage_read_seconds`,
    help: 'Time of a read, with its wait for the reading connection and for a thread',
    buckets: STORAGE_BUCKETS,
    registers: [this.registry],
  });

  readonly readsInFlight = new Gauge({
    name: `${PREFIX}storage_reads_in_flight`,
    help: 'Reads that run or wait for the reading connection now',
    registers: [this.registry],
  });

  readonly threadPoolWait: Gauge = new Gauge({
    name: `${PREFIX}thread_pool_wait_seconds`,
    help: 'Time that work of no length took through the thread pool, measured when this is read',
    registers: [this.registry],
    collect: async () => this.threadPoolWait.set(await threadPoolWaitSeconds()),
  });

  readonly engineCalls = new Histogram({
    name: `${PREFIX}engine_call_seconds`,
    help: 'Time of a call of the container engine, by its method and path without names',
    labelNames: ['operation', 'outcome'] as const,
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });

  readonly egressDecisions = new Counter({
    name: `${PREFIX}egress_decisions_total`,
    help: 'Outbound connections of sandboxes that the gateway allowed or denied, and allowed ones that it cut, by reason',
    labelNames: ['outcome', 'reason'] as const,
    registers: [this.registry],
  });

  readonly egressBytes = new Counter({
    name: `${PREFIX}egress_bytes_total`,
    help: 'Bytes through the gateway, counted when a connection ends; up: from the sandbox',
    labelNames: ['direction'] as const,
    registers: [this.registry],
  });

  readonly egressConnections = new Gauge({
    name: `${PREFIX}egress_connections`,
    help: 'Outbound connections of sandboxes through the gateway that go on now',
    registers: [this.registry],
  });

  readonly webhookDeliveries = new Counter({
    name: `${PREFIX}webhook_deliveries_total`,
    help: 'Requests of webhook senders, by source and what became of them at the door',
    labelNames: ['source', 'outcome'] as const,
    registers: [this.registry],
  });

  readonly webhookSettled = new Counter({
    name: `${PREFIX}webhook_settled_total`,
    help: 'Stored deliveries by source and what handling them came to; a retried one is counted each time',
    labelNames: ['source', 'outcome'] as const,
    registers: [this.registry],
  });

  readonly outboundMessages = new Counter({
    name: `${PREFIX}outbound_messages_total`,
    help: 'Attempts to tell others of runs, by kind of message and outcome; sent, skipped and dead are final',
    labelNames: ['kind', 'outcome'] as const,
    registers: [this.registry],
  });

  /** Where `webhooks` says what the next gauge shows. */
  oldestUnhandledSeconds: () => Promise<number> = () => Promise.resolve(0);

  readonly webhookOldest: Gauge = new Gauge({
    name: `${PREFIX}webhook_oldest_unhandled_seconds`,
    help: 'Age of the oldest delivery that waits to be handled; 0 where none waits',
    registers: [this.registry],
    collect: async () => this.webhookOldest.set(await this.oldestUnhandledSeconds()),
  });

  /** Where `outbound` says what the next gauge shows. */
  oldestUnsentSeconds: () => Promise<number> = () => Promise.resolve(0);

  readonly outboundOldest: Gauge = new Gauge({
    name: `${PREFIX}outbound_oldest_pending_seconds`,
    help: 'Age of the oldest message that waits to be sent; 0 where none waits',
    registers: [this.registry],
    collect: async () => this.outboundOldest.set(await this.oldestUnsentSeconds()),
  });

  readonly retentionRemoved = new Counter({
    name: `${PREFIX}retention_removed_total`,
    help: 'What was too old and was removed, by kind',
    labelNames: ['task'] as const,
    registers: [this.registry],
  });

  readonly retentionPass = new Gauge({
    name: `${PREFIX}retention_last_pass_timestamp_seconds`,
    help: 'When everything that was too old was last removed; 0 before the first time',
    registers: [this.registry],
  });

  readonly hardeningItems = new Gauge({
    name: `${PREFIX}hardening_items`,
    help: 'Items of the checklist when it was last asked for, by status',
    labelNames: ['status'] as const,
    registers: [this.registry],
  });

  /** Where `secrets` says what the next gauge shows. */
  countEncryptions: () => number = () => 0;

  readonly masterKeyEncryptions: Gauge = new Gauge({
    name: `${PREFIX}master_key_encryptions`,
    help: 'Texts that the master key in use has encrypted; a little more after a restart, never less',
    registers: [this.registry],
    collect: () => this.masterKeyEncryptions.set(this.countEncryptions()),
  });

  constructor() {
    // The process, the event loop and the garbage collector.
    collectDefaultMetrics({ register: this.registry, prefix: PREFIX });
  }
}
