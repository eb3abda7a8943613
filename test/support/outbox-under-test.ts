import type { Settings } from '../../src/config/settings.js';
import { SystemClock } from '../../src/kernel/clock.js';
import { Redacted } from '../../src/kernel/redacted.js';
import { Metrics } from '../../src/metrics/metrics.js';
import type { BelievedTime } from '../../src/persistence/believed-time.js';
import type { Transaction } from '../../src/persistence/transactions.js';
import { FileOutputLog } from '../../src/runs/output/file-output-log.js';
import { OutputTail } from '../../src/runs/output/output-tail.js';
import type { RunOutcome } from '../../src/runs/run-outcome.js';
import type { RunsService } from '../../src/runs/runs.service.js';
import type { SecretVault } from '../../src/secrets/secret-vault.js';
import { ExpiredMessages } from '../../src/webhooks/outbound/expired-messages.js';
import { LinearChannel } from '../../src/webhooks/outbound/linear/linear.channel.js';
import { OutboxList } from '../../src/webhooks/outbound/outbox-list.js';
import { OutboundReports } from '../../src/webhooks/outbound/outbound-reports.js';
import { OutboxFollows } from '../../src/webhooks/outbound/outbox/outbox-follows.repository.js';
import { OutboxMessages } from '../../src/webhooks/outbound/outbox/outbox-messages.repository.js';
import { Outbox } from '../../src/webhooks/outbound/outbox/outbox.js';
import { OverlookedEnds } from '../../src/webhooks/outbound/outbox/overlooked-ends.js';
import { OutboxSender } from '../../src/webhooks/outbound/sender/outbox-sender.js';
import { Sending } from '../../src/webhooks/outbound/sender/sending.js';
import type { Wishes } from '../../src/webhooks/outbound/wishes.js';
import type { LinearImpostor } from './linear-impostor.js';
import { begunTurn, openRunDatabase } from './run-database.js';

/** A clock that tests move; its count goes with it. */
export class MovedClock extends SystemClock {
  aheadMs = 0;

  override now(): number {
    return super.now() + this.aheadMs;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.aheadMs;
  }
}

export interface OutboxOptions {
  readonly root?: string;
  readonly maxAttempts?: number;
  readonly clock?: MovedClock;
}

const COMMENT = { comment: true };
export const ALL: Wishes = {
  started: { ...COMMENT, state: 'In Progress' },
  succeeded: { ...COMMENT, state: 'Done' },
  failed: COMMENT,
  cancelled: COMMENT,
};

export const SUCCEEDED: RunOutcome = {
  status: 'succeeded',
  exitCode: 0,
  reason: null,
  message: null,
};

/** Runs in a real database, the outbox that listens to them, and a sender, wired as the modules do. */
export async function openOutbox(impostor: LinearImpostor, options: OutboxOptions = {}) {
  const clock = options.clock ?? new MovedClock();
  const at = await openRunDatabase(options.root, clock);
  const { read, feed } = at.db;
  const log = new FileOutputLog(at.db.directory.path('output'));
  const secrets = new Map([['LINEAR_API_KEY', new Redacted(impostor.key)]]);
  const settings = {
    webhooks: {
      outbound: {
        linear: { apiUrl: impostor.url, apiKeySecret: 'LINEAR_API_KEY' },
        linkBaseUrl: '',
        commentOutputLines: 20,
        maxAttempts: options.maxAttempts ?? 40,
      },
    },
    retention: { outboxDays: 30 },
  } as Settings;
  const vault = {
    revealExisting: (names: string[]) =>
      Promise.resolve(new Map([...secrets].filter(([name]) => names.includes(name)))),
  } as unknown as SecretVault;
  const runs = { get: (id: string) => at.runs.find(id) } as unknown as RunsService;
  const messages = new OutboxMessages(read);
  const follows = new OutboxFollows(read);
  const outbox = new Outbox(follows, messages, clock);
  await outbox.onModuleInit();
  const metrics = new Metrics();
  const channel = new LinearChannel(settings, vault, new OutputTail(log), clock);
  const sending = new Sending(channel, messages, at.transactions, settings, clock, metrics);
  const overlooked = new OverlookedEnds(outbox, follows, runs, at.transactions);
  const sender = new OutboxSender(messages, sending, overlooked, clock);
  new OutboundReports(feed, sender, messages, clock, metrics).register();
  const time = { now: () => Promise.resolve(clock.now()) } as BelievedTime;
  return {
    at,
    clock,
    log,
    secrets,
    messages,
    metrics,
    outbox,
    overlooked,
    sender,
    list: new OutboxList(messages, at.transactions, sender, clock),
    follows,
    expired: new ExpiredMessages(settings, at.transactions, messages, time),
    /** As `RunsModule` is told of the outbox. */
    listen: () => at.listeners.register(outbox),
    follow: (tx: Pick<Transaction, 'manager'>, runId: string, issueId: string, on = ALL) =>
      outbox.follow(tx, { runId, target: { kind: 'linear', issueId, identifier: issueId }, on }),
    /** Queues a run that reports to an issue of Linear's. */
    async add(issueId: string, on = ALL): Promise<string> {
      const [id = ''] = await at.add([issueId]);
      await at.change(id, (tx) => this.follow(tx, id, issueId, on));
      return id;
    },
    begin: (id: string) =>
      at.change(id, async (tx, run) => {
        await at.states.prepare(tx.manager, run);
        await at.states.begin(tx.manager, run, begunTurn(id));
        tx.audit({ action: 'run.started', target: id });
      }),
    end: (id: string, outcome = SUCCEEDED) =>
      at.change(id, async (tx, run) => {
        await at.states.endTurn(tx.manager, run, outcome);
        tx.audit({ action: 'run.finished', target: id });
      }),
    all: () => messages.list({}, 200),
    async stop() {
      await sender.onModuleDestroy();
      await at.db.close();
    },
  };
}

export type OutboxUnderTest = Awaited<ReturnType<typeof openOutbox>>;
