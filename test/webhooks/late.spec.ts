import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ServiceClock } from '../faults/set-clock.js';
import { expectRefusal } from '../input/refusal.js';
import { startService, type RunningService } from '../support/service.js';
import {
  deliveries,
  issueUpdate,
  LINEAR_SECRET,
  send,
  settled,
  signedByLinear,
} from './senders.js';

const [MINUTE_S, HOUR_S] = [60, 3600];
const LATE = { status: 401, code: 'replay_rejected' };

const clock = new ServiceClock();
let service: RunningService;
beforeAll(async () => {
  service = await startService({
    env: { ...clock.env, RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET },
    yaml: {
      rateLimits: { api: { limit: 100_000 }, webhooks: { limit: 100_000 } },
      runs: { maxConcurrent: 1 },
    },
  });
});
afterAll(async () => {
  await service?.stop();
  clock.remove();
});

describe("Linear's retries, with the signed time of the first try", () => {
  it.each([
    ['a minute', MINUTE_S + 5],
    ['an hour', HOUR_S],
    ['six hours', 6 * HOUR_S],
  ])('are taken %s later, once', async (what, seconds) => {
    const issue = `LATE-${seconds}`;
    clock.set(0);
    const first = signedByLinear(issueUpdate(issue));
    clock.set(seconds);
    const answer = await send(service, first);
    expect(answer.body, `${what}: ${answer.text}`).toMatchObject({ duplicate: false });
    // Under another id too, whoever sends it.
    expect((await send(service, signedByLinear(first.body))).body.duplicate).toBe(true);
    expect(await deliveries(service, `&issue=${issue}`)).toHaveLength(1);
  });

  it('are refused when they are older, unless they were received: then they change nothing', async () => {
    clock.set(0);
    const known = signedByLinear(issueUpdate('LATE-1'));
    const unknown = signedByLinear(issueUpdate('LATE-2'));
    const { id } = (await send(service, known)).body;
    await settled(service);
    clock.set(8 * HOUR_S + MINUTE_S);
    expectRefusal(await send(service, unknown), LATE);
    expect((await send(service, known)).body).toEqual({ ok: true, duplicate: true, id });
    clock.set(-(MINUTE_S + 10));
    expectRefusal(await send(service, unknown), LATE);
    expect(await deliveries(service, '&issue=LATE-2')).toEqual([]);
    clock.set(0);
  });

  it('are refused from a minute on where the window is strict', async () => {
    const strict = await startService({
      env: { ...clock.env, RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET },
      yaml: { webhooks: { replayWindow: 'strict' } },
    });
    try {
      clock.set(0);
      const first = signedByLinear(issueUpdate('STRICT-1'));
      expect((await send(strict, first)).status).toBe(200);
      const other = signedByLinear(issueUpdate('STRICT-2'));
      clock.set(MINUTE_S + 5);
      expectRefusal(await send(strict, other), LATE);
      expect((await send(strict, first)).body.duplicate).toBe(true);
    } finally {
      clock.set(0);
      await strict.stop();
    }
  });
});
