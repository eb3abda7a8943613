import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { randomFrom } from '../support/dice.js';
import { SEED, sized } from '../support/long-form.js';
import { startService, type RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';
import {
  deliveries,
  issueUpdate,
  LINEAR_SECRET,
  send,
  settled,
  signedByLinear,
  type SentDelivery,
} from './senders.js';

const COUNT = sized(500, 10_000);
const KILLS = sized(2, 20);
const CALLERS = 24;
const NEXT = 'lin_wh_next_7Hq2Zk9Wm4Tx8Rb1';

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    env: {
      RISOLUTO_LINEAR_WEBHOOK_SECRET: NEXT,
      RISOLUTO_LINEAR_WEBHOOK_SECRET_PREVIOUS: LINEAR_SECRET,
    },
    yaml: { rateLimits: { api: { limit: 1e9 }, webhooks: { limit: 1e9 } } },
  });
});
afterAll(() => service?.stop());

/** Each body several times: as it is, under a new id, and signed with the other secret. */
function flood(random: () => number): SentDelivery[] {
  const now = Date.now();
  const all = Array.from({ length: COUNT / 5 }, (_, n) => {
    // Several updates of an issue, some older than others.
    const issue = issueUpdate(
      `FL-${n % Math.ceil(COUNT / 25)}`,
      now - Math.floor(random() * 50_000),
      {
        webhookTimestamp: now,
        n,
      },
    );
    const first = signedByLinear(issue);
    const again = [0, 1].map(() => signedByLinear(first.body));
    return [first, first, ...again, signedByLinear(first.body, { secret: NEXT })];
  }).flat();
  for (let at = all.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [all[at], all[other]] = [all[other]!, all[at]!];
  }
  return all;
}

/** Sends until it is answered, through deaths of the service; fills `ids`. */
async function sendAll(
  all: SentDelivery[],
  ids: Set<string>,
  onAnswer: (count: number) => void,
): Promise<void> {
  let [next, answered] = [0, 0];
  const caller = async () => {
    for (let sent = all[next++]; sent !== undefined; sent = all[next++]) {
      for (;;) {
        const answer = await send(service, sent).catch(() => null);
        if (answer?.status === 200) {
          ids.add(answer.body.id as string);
          break;
        }
        // Nothing but a service that is gone or stops.
        expect([undefined, 503]).toContain(answer?.status);
        await sleep(50);
      }
      onAnswer((answered += 1));
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

describe('a flood of deliveries, with the service killed meanwhile', () => {
  it('loses none that was answered, and settles each once', { timeout: 3_600_000 }, async () => {
    console.log(`seed ${SEED}, ${COUNT} deliveries, ${KILLS} kills`);
    const all = flood(randomFrom(SEED));
    const killAt = Array.from({ length: KILLS }, (_, n) =>
      Math.floor((COUNT * (n + 1)) / (KILLS + 1)),
    );
    let killing: Promise<void> = Promise.resolve();
    const ids = new Set<string>();
    const kill = async () => {
      const answered = [...ids];
      await service.kill9();
      const rows = await queryStored<{ id: string }>(
        service.dataDir,
        'SELECT id FROM webhook_deliveries',
      );
      const stored = new Set(rows.map(({ id }) => id));
      expect(answered.filter((id) => !stored.has(id))).toEqual([]);
      expect(answered.length).toBeGreaterThan(0);
      await service.start();
    };
    await sendAll(all, ids, (count) => {
      if (killAt[0] === undefined || count < killAt[0]) return;
      killAt.shift();
      killing = killing.then(kill);
    });
    await killing;
    expect(killAt).toEqual([]);
    await settled(service);
    const stored = await deliveries(service);
    expect(stored).toHaveLength(COUNT / 5);
    expect(new Set(stored.map(({ id }) => id))).toEqual(ids);
    // Of each issue the newest was not overtaken, and what was is older than it.
    const newest = new Map<string, number>();
    for (const { issue, occurredAt } of stored) {
      newest.set(issue!, Math.max(newest.get(issue!) ?? 0, Date.parse(occurredAt)));
    }
    for (const { issue, occurredAt, status, reason } of stored) {
      expect([`ignored no_rule`, `superseded newer_applied`]).toContain(`${status} ${reason}`);
      if (status === 'superseded') {
        expect(Date.parse(occurredAt)).toBeLessThan(newest.get(issue!)!);
      } else if (Date.parse(occurredAt) === newest.get(issue!)) {
        expect(status).toBe('ignored');
      }
    }
    const rows = await queryStored<{ target: string }>(
      service.dataDir,
      "SELECT target FROM audit_rows WHERE action = 'webhook.received'",
    );
    expect(rows.map(({ target }) => target).toSorted()).toEqual([...ids].toSorted());
    const verified = await service.api('GET', '/api/v1/audit/verify?full=true');
    expect(verified.body, verified.text).toMatchObject({ ok: true });
  });
});
