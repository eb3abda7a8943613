import { setMaxListeners } from 'node:events';

import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openRunDatabase } from '../../../test/support/run-database.js';
import { removeTemporaryDirectories } from '../../../test/support/temporary-database.js';
import type { LiveSettings } from '../../config/live-settings.js';
import { SystemClock } from '../../kernel/clock.js';
import { SYSTEM_ORIGIN, type Origin } from '../../kernel/origin.js';
import { ApprovalRepository } from './approval.repository.js';
import { ExpiredApprovals } from './expired-approvals.js';
import { Approvals } from './approvals.service.js';

const PERSON: Origin = { actor: 'loopback', requestId: 'req-1' };
const QUESTION = { turn: 1, key: 'thread/item', kind: 'command', text: '$ rm -rf /' } as const;

let at: Awaited<ReturnType<typeof openRunDatabase>>;
let runId: string;
beforeEach(async () => {
  at = await openRunDatabase();
  [runId = ''] = await at.add(['MT-1']);
});
afterEach(() => at.db.close());
afterAll(removeTemporaryDirectories);

/** As a process of the service has it. */
function life(approvalTimeoutSeconds = 600) {
  const settings = { codex: { agent: { approvalTimeoutSeconds } } } as LiveSettings;
  const rows = new ApprovalRepository(at.db.read);
  const approvals = new Approvals(rows, at.transactions, settings, new SystemClock());
  const gone = new AbortController();
  // Its users bound how many wait at once.
  setMaxListeners(0, gone.signal);
  const ask = (more: object = {}) => approvals.ask({ ...QUESTION, runId, ...more }, gone.signal);
  const asked = async () => {
    await expect.poll(async () => (await list()).length).toBe(1);
    return (await list())[0]?.id ?? '';
  };
  const list = async () => (await approvals.list(runId, { limit: 50 })).items;
  return { approvals, ask, asked, list, leave: () => gone.abort() };
}

async function audited(): Promise<{ actor: string; details: string }[]> {
  return at.db.read.manager.query(
    "SELECT actor, details FROM audit_rows WHERE action = 'approval.decided' ORDER BY seq",
  );
}

describe('what an agent asks', () => {
  it.each(['approve', 'deny'] as const)('is answered by a person: %s', async (decision) => {
    const one = life();
    const answer = one.ask();
    await one.approvals.decide(runId, await one.asked(), decision, PERSON);

    expect(await answer).toBe(decision);
    const [row] = await audited();
    expect(row?.actor).toBe('loopback');
    expect(JSON.parse(row?.details ?? '')).toMatchObject({ decision, kind: 'command', turn: 1 });
  });

  it('has one answer, the first', async () => {
    const one = life();
    const answer = one.ask();
    const id = await one.asked();
    await one.approvals.decide(runId, id, 'deny', PERSON);

    const again = one.approvals.decide(runId, id, 'approve', PERSON);
    await expect(again).rejects.toMatchObject({ code: 'approval_decided' });
    expect(await answer).toBe('deny');
    expect(await audited()).toHaveLength(1);
  });

  it('is denied when its time is up, by the service itself', async () => {
    const one = life(1);

    expect(await one.ask()).toBe('deny');
    const [row] = await audited();
    expect(row?.actor).toBe('system');
    expect(JSON.parse(row?.details ?? '')).toMatchObject({ decision: 'deny', why: 'time_limit' });
  });

  it('is approved by nobody once its time is up, though nobody was there to deny it', async () => {
    const one = life(-1);
    one.leave();
    await expect(one.ask()).rejects.toThrow('nobody waits');
    const id = await one.asked();

    const late = one.approvals.decide(runId, id, 'approve', PERSON);
    await expect(late).rejects.toMatchObject({ code: 'approval_decided' });
    expect(await one.list()).toMatchObject([{ decision: 'deny', decidedBy: 'system' }]);
    expect(JSON.parse((await audited())[0]?.details ?? '')).toMatchObject({ why: 'time_limit' });
  });

  it('is one question for two lives of the service, whose answer both take', async () => {
    const [first, second] = [life(), life()];
    const lost = first.ask();
    const id = await first.asked();
    first.leave();
    await expect(lost).rejects.toThrow('nobody waits');

    const answer = second.ask();
    await expect.poll(async () => (await second.list()).map((row) => row.id)).toEqual([id]);
    await second.approvals.decide(runId, id, 'approve', PERSON);

    expect(await answer).toBe('approve');
    expect(await life().ask()).toBe('approve');
  });

  it('is denied when its turn is over, and that of another turn is not', async () => {
    const one = life();
    one.ask().catch(() => undefined);
    await one.asked();
    one.ask({ turn: 2, key: 'other' }).catch(() => undefined);
    await expect.poll(async () => (await one.list()).length).toBe(2);

    await one.approvals.withdraw(runId, 1);

    expect((await one.list()).map(({ turn, decision }) => [turn, decision])).toEqual([
      [2, null],
      [1, 'deny'],
    ]);
    expect(JSON.parse((await audited())[0]?.details ?? '')).toMatchObject({ why: 'turn_over' });
    one.leave();
  });

  it('is denied with all others when its turn is over, however many there are', async () => {
    const one = life();
    for (let at = 0; at < 40; at += 1) one.ask({ key: `q${at}` }).catch(() => undefined);
    await expect.poll(async () => (await one.list()).length).toBe(40);

    await one.approvals.withdraw(runId, 1);

    expect((await one.list()).every(({ decision }) => decision === 'deny')).toBe(true);
    one.leave();
  });

  it('is answered to everybody who asks it at the same time', async () => {
    const one = life();
    const answers = [one.ask(), one.ask()];
    const id = await one.asked();
    await one.approvals.list(runId, { limit: 1 });
    await one.approvals.decide(runId, id, 'approve', PERSON);

    expect(await Promise.all(answers)).toEqual(['approve', 'approve']);
    const gone = life();
    gone.leave();
    await expect(gone.ask({ key: 'late' })).rejects.toThrow('nobody waits');
  });

  it('tells that more of it is asked than is shown', async () => {
    const one = life();
    one.ask({ text: `$ true ${' '.repeat(9000)}; rm -rf .` }).catch(() => undefined);
    await one.asked();

    const [row] = await one.list();
    expect(row?.text).toMatch(/\[cut: .*8\d\d characters more\]$/);
    one.leave();
  });

  it('goes once its run is gone', async () => {
    const one = life();
    one.ask().catch(() => undefined);
    await one.asked();
    one.leave();
    const expired = new ExpiredApprovals(at.transactions, new ApprovalRepository(at.db.read));
    expect(await expired.removeSome()).toBe(0);

    await at.change(runId, ({ manager }) => at.runs.remove(manager, [runId]));

    expect([await expired.removeSome(), await expired.removeSome()]).toEqual([1, 0]);
    expect(await one.list()).toEqual([]);
  });

  it('is not found in another run, or under no id', async () => {
    const one = life();
    one.ask().catch(() => undefined);
    const id = await one.asked();

    for (const [run, asked] of [
      ['other', id],
      [runId, 'no-id'],
    ] as const) {
      const decided = one.approvals.decide(run, asked, 'approve', SYSTEM_ORIGIN);
      await expect(decided).rejects.toMatchObject({ code: 'approval_not_found' });
    }
    one.leave();
  });
});
