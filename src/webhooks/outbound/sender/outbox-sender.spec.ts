import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { LinearImpostor } from '../../../../test/support/linear-impostor.js';
import {
  ALL,
  openOutbox,
  type OutboxOptions,
  type OutboxUnderTest,
} from '../../../../test/support/outbox-under-test.js';
import { FAILED } from '../../../../test/support/run-database.js';
import { removeTemporaryDirectories } from '../../../../test/support/temporary-database.js';
import { linearSchema } from '../../../../test/support/linear-schema.js';
import { SYSTEM_ORIGIN } from '../../../kernel/origin.js';

let linear: LinearImpostor;
let open: OutboxUnderTest[] = [];

linearSchema();

beforeEach(async () => {
  linear = await LinearImpostor.start();
  linear.addIssue('issue-1', 'MT-1');
});
afterEach(async () => {
  await Promise.all(open.map((one) => one.stop()));
  open = [];
  await linear.close();
});
afterAll(removeTemporaryDirectories);

async function start(options: OutboxOptions = {}): Promise<OutboxUnderTest> {
  const outbox = await openOutbox(linear, options);
  outbox.listen();
  open.push(outbox);
  outbox.sender.onApplicationBootstrap();
  return outbox;
}

/** Another life over the same database. */
async function startAgain({ at, clock, sender }: OutboxUnderTest): Promise<OutboxUnderTest> {
  await at.db.close();
  const again = await start({ root: at.db.directory.root, clock });
  await sender.onModuleDestroy();
  return again;
}

async function until<T>(ask: () => Promise<T | null | false> | T | null | false): Promise<T> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const found = await ask();
    if (found !== null && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`waited in vain; asked ${asked().join()}`);
    await sleep(10);
  }
}

const asked = () => linear.asked.map(({ name }) => name);

const allAre = (outbox: OutboxUnderTest, ...statuses: string[]) =>
  until(async () => {
    const rows = (await outbox.all()).reverse();
    return JSON.stringify(rows.map(({ status }) => status)) === JSON.stringify(statuses) && rows;
  });

/** Lets the pauses of all that failed be over, once so many attempts of the first message were. */
async function passPauses(outbox: OutboxUnderTest, attempts: number): Promise<void> {
  await until(async () => {
    const rows = await outbox.all();
    return rows.some((row) => row.status === 'pending' && row.attempts >= attempts);
  });
  outbox.clock.aheadMs += 4_000_000;
  outbox.sender.poke();
}

it('tells that a run started, then how it ended, and moves the issue', async () => {
  const outbox = await start();
  const id = await outbox.add('MT-1');
  const log = await outbox.log.open(id);
  const record = { seq: 1, at: 0, turn: 1, stream: 'stdout', text: 'one ***\ntwo\n' } as const;
  await log.append([{ ...record, raw: [0, 0], total: 0, until: 0 }]);
  await log.close();
  await outbox.begin(id);
  await allAre(outbox, 'sent');
  expect(linear.issues[0]?.stateId).toBe('state-doing');
  await outbox.end(id);
  const [, finished] = await allAre(outbox, 'sent', 'sent');
  expect(linear.comments.map(({ issueId }) => issueId)).toEqual(['issue-1', 'issue-1']);
  expect(linear.comments[0]?.body).toContain('started');
  expect(linear.comments[1]?.body).toContain('```text\none ***\ntwo\n```');
  expect(linear.comments[1]?.id).toBe(finished?.commentId);
  expect(linear.issues[0]?.stateId).toBe('state-done');
  expect(new Set(linear.asked.map(({ authorization }) => authorization))).toEqual(
    new Set([linear.key]),
  );
});

it('does not write or send anything of a move that is rolled back', async () => {
  const outbox = await start();
  const id = await outbox.add('MT-1');
  await outbox.begin(id);
  await allAre(outbox, 'sent');
  const rolledBack = outbox.at.change(id, async (tx, run) => {
    await outbox.at.states.endTurn(tx.manager, run, FAILED);
    throw new Error('back');
  });
  await expect(rolledBack).rejects.toThrow('back');
  expect(await outbox.all()).toHaveLength(1);
  await outbox.end(id, FAILED);
  await allAre(outbox, 'sent', 'sent');
  expect(linear.comments).toHaveLength(2);
});

it('makes one comment of each, whatever becomes of the answers, and tells of the start first', async () => {
  const outbox = await start();
  linear.makeTrouble(
    { operation: 'createComment', done: true, with: 'cut' },
    { operation: 'createComment', with: 'cut' },
    { operation: 'createComment', with: { status: 503 } },
    { operation: 'updateIssue', done: true, with: 'cut' },
  );
  const id = await outbox.add('MT-1');
  await outbox.begin(id);
  await outbox.end(id);
  for (const attempts of [1, 2, 3]) await passPauses(outbox, attempts);
  await allAre(outbox, 'sent', 'sent');
  expect(linear.comments.map(({ body }) => body.includes('started'))).toEqual([true, false]);
  expect(linear.moves.map(({ stateId }) => stateId)).toEqual(['state-doing', 'state-done']);
});

it('counts a comment as made whose answer was an error of the server', async () => {
  const outbox = await start();
  linear.makeTrouble({ operation: 'createComment', done: true, with: { status: 502 } });
  await outbox.begin(await outbox.add('MT-1'));
  const [sent] = await allAre(outbox, 'sent');
  expect(sent?.attempts).toBe(1);
  expect(linear.comments).toHaveLength(1);
});

it('goes on where a process was killed: after the request, before the answer was noted', async () => {
  const killed = await start();
  linear.makeTrouble({ operation: 'createComment', done: true, with: 'hang' });
  const id = await killed.add('MT-1');
  await killed.begin(id);
  await killed.end(id, FAILED);
  await until(() => linear.comments.length === 1);
  // What a killed process leaves: the rows as they are, and nobody who waits for the answer.
  const again = await startAgain(killed);
  await allAre(again, 'sent', 'sent');
  expect(linear.comments.map(({ body }) => body.includes('started'))).toEqual([true, false]);
  expect((await again.all()).map(({ attempts }) => attempts)).toEqual([1, 1]);
});

it('leaves the server alone, for all issues, until the time it says', async () => {
  linear.addIssue('issue-2', 'MT-2');
  const outbox = await start();
  linear.makeTrouble({ with: { status: 429, headers: { 'Retry-After': '900' } } });
  await outbox.begin(await outbox.add('MT-1'));
  await beLimited(outbox);
  await outbox.begin(await outbox.add('MT-2'));
  outbox.clock.aheadMs += 890_000;
  outbox.sender.poke();
  // What was under way when it stops would be waited for.
  await outbox.sender.onModuleDestroy();
  expect(asked()).toHaveLength(1);
  const again = await startAgain(outbox);
  again.clock.aheadMs += 900_000;
  again.sender.poke();
  await allAre(again, 'sent', 'sent');
  expect(linear.comments).toHaveLength(2);
});

async function beLimited(outbox: OutboxUnderTest): Promise<void> {
  const [row] = await until(async () => {
    const rows = await outbox.all();
    return rows[0]?.attempts === 1 && rows;
  });
  expect(row).toMatchObject({ status: 'pending', reason: 'rate_limited' });
  expect((row?.nextAttemptAt ?? 0) - outbox.clock.now()).toBeGreaterThan(890_000);
}

it('understands the limit as Linear itself says it: 400, RATELIMITED, reset in milliseconds', async () => {
  const outbox = await start();
  const reset = String(Date.now() + 1_800_000);
  linear.makeTrouble({
    with: {
      status: 400,
      headers: { 'X-RateLimit-Requests-Remaining': '0', 'X-RateLimit-Requests-Reset': reset },
      errors: [{ message: 'slow down', extensions: { code: 'RATELIMITED' } }],
    },
  });
  await outbox.begin(await outbox.add('MT-1'));
  const row = await until(async () => (await outbox.all())[0] ?? null);
  await until(async () => (await outbox.all())[0]?.attempts === 1);
  const now = (await outbox.all())[0];
  expect(now).toMatchObject({ status: 'pending', reason: 'rate_limited', message: 'slow down' });
  expect((now?.nextAttemptAt ?? 0) - row.createdAt).toBeGreaterThan(1_700_000);
});

it('gives up what is refused, says why, and goes on with the next message of the issue', async () => {
  const outbox = await start();
  const id = await outbox.add('MT-1', { ...ALL, started: { comment: true, state: 'Nowhere' } });
  await outbox.begin(id);
  await outbox.end(id);
  const [dead] = await allAre(outbox, 'dead', 'sent');
  expect(dead).toMatchObject({ reason: 'state_unknown', attempts: 1 });
  expect(linear.comments).toHaveLength(2);
  const gone = await outbox.add('MT-404');
  await outbox.begin(gone);
  const rows = await allAre(outbox, 'dead', 'sent', 'dead');
  expect(rows[2]).toMatchObject({ reason: 'request_refused', message: 'Entity not found: Issue' });
});

it('gives up after as many attempts as it may', async () => {
  const outbox = await start({ maxAttempts: 3 });
  linear.makeTrouble(...Array.from({ length: 3 }, () => ({ with: 'cut' as const })));
  await outbox.begin(await outbox.add('MT-1'));
  for (const attempts of [1, 2]) await passPauses(outbox, attempts);
  const [dead] = await allAre(outbox, 'dead');
  expect(dead).toMatchObject({ attempts: 3, reason: 'unreachable' });
  const counted = /outbound_messages_total\{kind="started",outcome="dead"\} 1/;
  await until(async () => counted.test(await outbox.metrics.registry.metrics()));
});

describe('a message that was given up', () => {
  const givenUp = async (state?: string) => {
    const outbox = await start({ maxAttempts: 1 });
    linear.makeTrouble({ operation: 'createComment', done: true, with: 'cut' });
    await outbox.begin(await outbox.add('MT-1', { started: { comment: true, state } }));
    const [row] = await allAre(outbox, 'dead');
    return { outbox, id: row?.id ?? '' };
  };
  const resend = ({ outbox, id }: { outbox: OutboxUnderTest; id: string }) =>
    outbox.list.resend(SYSTEM_ORIGIN, id);

  it('is sent again when an operator says so, without a second comment', async () => {
    const given = await givenUp('In Progress');
    const answer = await resend(given);
    expect(answer).toMatchObject({ status: 'pending', attempts: 0, reason: null, settledAt: null });
    const [sent] = await allAre(given.outbox, 'sent');
    expect(sent).toMatchObject({ attempts: 1, reason: null });
    expect(linear.comments).toHaveLength(1);
    expect(linear.issues[0]?.stateId).toBe('state-doing');
    await expect(resend(given)).rejects.toMatchObject({ code: 'message_not_given_up' });
    await expect(resend({ ...given, id: 'none' })).rejects.toMatchObject({
      code: 'message_not_found',
    });
  });

  it.each([
    ['moves no issue back that a newer one has moved', 'In Progress', 'dead'],
    ['is sent late where it moves nothing', undefined, 'sent'],
  ])('%s', async (_what, state, status) => {
    const given = await givenUp(state);
    const { outbox } = given;
    await outbox.begin(await outbox.add('MT-1'));
    await allAre(outbox, 'dead', 'sent');
    const answer = resend(given);
    if (status === 'sent') await answer;
    else await expect(answer).rejects.toMatchObject({ code: 'message_overtaken' });
    await allAre(outbox, status, 'sent');
  });
});

it('skips what it has no key for, and tries again with a key that is refused', async () => {
  const outbox = await start();
  outbox.secrets.clear();
  const id = await outbox.add('MT-1');
  await outbox.begin(id);
  const [skipped] = await allAre(outbox, 'skipped');
  expect(skipped).toMatchObject({ reason: 'no_api_key' });
  expect(asked()).toEqual([]);
  const good = linear.key;
  const other = await openOutbox(linear, { clock: outbox.clock });
  other.listen();
  open.push(other);
  linear.key = 'lin_api_new';
  await other.begin(await other.add('MT-1'));
  other.sender.onApplicationBootstrap();
  await until(async () => (await other.all())[0]?.attempts === 1);
  expect((await other.all())[0]).toMatchObject({ status: 'pending', reason: 'key_refused' });
  expect(JSON.stringify(await other.all())).not.toContain(good);
  linear.key = good;
  await passPauses(other, 1);
  await allAre(other, 'sent');
});

it('sends to four issues at once, and to none twice at once', async () => {
  const outbox = await start();
  const ids: string[] = [];
  for (let index = 0; index < 12; index += 1) {
    linear.addIssue(`many-${index}`, `MT-${100 + index}`);
    ids.push(await outbox.add(`MT-${100 + index}`, { started: { comment: true } }));
  }
  linear.makeTrouble(...ids.slice(0, 4).map(() => ({ with: 'hang' as const })));
  await Promise.all(ids.map((id) => outbox.begin(id)));
  await until(() => linear.asked.length === 4);
  await outbox.sender.onModuleDestroy();
  expect([linear.asked.length, linear.mostAtOnce]).toEqual([4, 4]);
  const again = await startAgain(outbox);
  await allAre(again, ...ids.map(() => 'sent'));
  expect(new Set(linear.comments.map(({ issueId }) => issueId)).size).toBe(12);
  expect(linear.comments).toHaveLength(12);
});

it('stops soon while the server does not answer, and leaves the message as it was', async () => {
  const outbox = await start();
  linear.makeTrouble({ with: 'hang' });
  await outbox.begin(await outbox.add('MT-1'));
  await until(() => linear.asked.length === 1);
  const began = performance.now();
  await outbox.sender.onModuleDestroy();
  expect(performance.now() - began).toBeLessThan(5000);
  expect((await outbox.all())[0]).toMatchObject({ status: 'pending', attempts: 0 });
});

it('tells of a run that finished where nobody listened, once', async () => {
  const outbox = await openOutbox(linear);
  open.push(outbox);
  const id = await outbox.add('MT-1');
  await outbox.begin(id);
  await outbox.end(id, { ...FAILED, status: 'lost', exitCode: null });
  expect(await outbox.all()).toEqual([]);
  outbox.sender.onApplicationBootstrap();
  await allAre(outbox, 'sent');
  await outbox.overlooked.catchUp();
  expect(await outbox.all()).toHaveLength(1);
  expect(linear.comments[0]?.body).toContain('is lost');
  expect(await outbox.follows.runIds('', 10)).toEqual([]);
});

it('lists messages newest first, page by page, and removes what was settled long ago', async () => {
  const outbox = await start();
  const id = await outbox.add('MT-1');
  await outbox.begin(id);
  await outbox.end(id);
  await allAre(outbox, 'sent', 'sent');
  const first = await outbox.list.page({ limit: 1 });
  expect(first.items).toMatchObject([{ kind: 'finished', target: 'linear/MT-1', status: 'sent' }]);
  const second = await outbox.list.page({ limit: 1, cursor: first.nextCursor ?? '', runId: id });
  expect(second).toMatchObject({ items: [{ kind: 'started' }], nextCursor: null });
  expect(await outbox.expired.removeSome()).toBe(0);
  outbox.clock.aheadMs += 31 * 86_400_000;
  expect(await outbox.expired.removeSome()).toBe(2);
  expect(await outbox.all()).toEqual([]);
});
