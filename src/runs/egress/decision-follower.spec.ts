import { afterAll, afterEach, describe, expect, it } from 'vitest';

import { decisionStore } from '../../../test/support/decision-store.js';
import {
  openTemporaryDatabase,
  removeTemporaryDirectories,
  type TemporaryDatabase,
} from '../../../test/support/temporary-database.js';
import type { DecisionTrail } from '../../egress/decisions/decision-trail.js';
import type { Decision } from '../../egress/decisions/decision.js';
import type { DecisionFilter } from '../../egress/decisions/stored-decision.js';
import { newId } from '../../kernel/ids.js';
import { LocalCancelSignal } from '../cancel-signal.js';
import { RunChanges } from '../run-changes.js';
import { RunSignals } from '../run-signals.js';
import type { RunStatus } from '../run-status.js';
import type { RunRepository } from '../run.repository.js';
import { DecisionFollower, type DecisionEvent } from './decision-follower.js';

const opened: TemporaryDatabase[] = [];
afterEach(async () => {
  for (const db of opened.splice(0)) await db.close();
});
afterAll(removeTemporaryDirectories);

async function open() {
  const db = await openTemporaryDatabase();
  opened.push(db);
  const { recorder, trail } = decisionStore(db);
  const run = { status: 'running' as RunStatus, exitCode: null as number | null };
  const runs = { find: () => Promise.resolve({ ...run }) } as unknown as RunRepository;
  const signals = new RunSignals(new RunChanges(), new LocalCancelSignal());
  const follower = new DecisionFollower(trail, runs, signals);
  const runId = newId();

  /** What a follower was told so far, in short; `over` once it is told no more. */
  function follow(after = 0, filter: DecisionFilter = {}) {
    const gone = new AbortController();
    const told: string[] = [];
    const events = follower.follow({ runId, after, filter }, gone.signal);
    const over = (async () => {
      for await (const event of events) told.push(...inShort(event));
    })();
    return { told, over, gone };
  }

  return {
    recorder,
    signals,
    runId,
    follow,
    deny: (host: string, turn = 1) => recorder.denied(decision(runId, host, turn, false)),
    allow: (host: string) => recorder.allowed(decision(runId, host, 1, true)),
    end: () => {
      Object.assign(run, { status: 'succeeded', exitCode: 0 });
      signals.changes.notify(runId);
    },
  };
}

const decision = (runId: string, host: string, turn: number, allowed: boolean): Decision => ({
  ...{ runId, host, turn, allowed, at: Date.now(), port: 443 },
  rule: allowed ? host : null,
  reason: allowed ? null : 'not_listed',
});

function inShort(event: DecisionEvent): string[] {
  if (event.kind !== 'decisions' && event.kind !== 'updates') return [event.kind];
  const sign = event.kind === 'decisions' ? '+' : '~';
  return event.decisions.map(
    ({ seq, host, count, durationMs }) =>
      `${sign}${seq} ${host} ${count}${durationMs === null ? ' goes on' : ''}`,
  );
}

describe('DecisionFollower', () => {
  it('tells what is stored, what comes, and what changes of it, each once and in order', async () => {
    const { deny, allow, follow, end, recorder, runId } = await open();
    await deny('a.test');
    const { told, over } = follow();
    await expect.poll(() => told).toEqual(['+1 a.test 1']);
    const connection = allow('b.test');
    await recorder.settled(runId);
    await deny('a.test');
    await expect.poll(() => told.slice(1)).toEqual(['+2 b.test 1 goes on', '~1 a.test 2']);
    connection.close({ bytesUp: 1, bytesDown: 1 });
    await deny('c.test');
    await expect.poll(() => told.slice(3).toSorted()).toEqual(['+3 c.test 1', '~2 b.test 1']);
    end();
    await over;
    expect(told.slice(5)).toEqual(['end']);
  });

  it('goes on behind a number, with what may have changed before it', async () => {
    const { deny, allow, follow, end, recorder, runId } = await open();
    await deny('once.test');
    await deny('twice.test');
    const connection = allow('b.test');
    await deny('twice.test');
    await deny('later.test');
    connection.close({ bytesUp: 1, bytesDown: 1 });
    await recorder.settled(runId);
    end();
    const { told, over } = follow(3);
    await over;
    expect(told).toEqual(['~2 twice.test 2', '~3 b.test 1', '+4 later.test 1', 'end']);
  });

  it('tells more than a page, and all of it when it comes while nobody reads', async () => {
    const { deny, follow, end } = await open();
    const hosts = Array.from({ length: 450 }, (_, n) => `${n}.test`);
    await Promise.all(hosts.map((host) => deny(host)));
    const { told, over } = follow();
    await expect.poll(() => told.length).toBe(450);
    await Promise.all(hosts.map((host) => deny(host)));
    await Promise.all(hosts.map((host) => deny(host, 2)));
    end();
    await over;
    expect(told.slice(0, 450)).toEqual(hosts.map((host, n) => `+${n + 1} ${host} 1`));
    expect(told.filter((one) => one.startsWith('+'))).toHaveLength(900);
    const updated = new Map(
      told.filter((one) => one.startsWith('~')).map((one) => [one.split(' ')[0], one]),
    );
    // A new row may be told once more, when it was read before it was heard of.
    const known = [...updated.values()].filter((one) => one.endsWith(' 2'));
    expect(known).toEqual(hosts.map((host, n) => `~${n + 1} ${host} 2`));
  });

  it('tells a filtered reader of nothing else', async () => {
    const { deny, allow, follow, end, recorder, runId } = await open();
    const all = [follow(0, { allowed: true }), follow(0, { turn: 2 }), follow(2, { turn: 2 })];
    const connection = allow('a.test');
    await expect.poll(() => all[0]?.told).toEqual(['+1 a.test 1 goes on']);
    await deny('b.test', 2);
    await deny('b.test', 3);
    connection.close({ bytesUp: 1, bytesDown: 1 });
    await deny('b.test', 2);
    await recorder.settled(runId);
    end();
    await Promise.all(all.map(({ over }) => over));
    const told = all.map((one) => one.told.filter((word) => word !== 'idle'));
    expect(told[0]).toEqual(['+1 a.test 1 goes on', '~1 a.test 1', 'end']);
    expect(told[1]?.at(-2)).toMatch(/^[+~]2 b\.test 2$/);
    expect(told[2]?.filter((word) => word.startsWith('+'))).toEqual([]);
  });

  it('ends when the service stops, and when its reader is gone', async () => {
    const { follow, signals } = await open();
    const left = follow();
    left.gone.abort();
    await left.over;
    expect(left.told).toEqual([]);
    const stopped = follow();
    signals.stop();
    await stopped.over;
    expect(stopped.told).toEqual(['stopping']);
  });

  it('has a limited number of places', async () => {
    const { signals } = await open();
    const follower = new DecisionFollower({} as DecisionTrail, {} as RunRepository, signals);
    const places: (() => void)[] = [];
    expect(() => {
      for (let n = 0; n < 1000; n++) places.push(follower.enter(`10.0.0.${n % 200}`));
    }).toThrow('Too many clients');
    places.pop()?.();
    expect(() => follower.enter('10.0.1.1')).not.toThrow();
  });
});
