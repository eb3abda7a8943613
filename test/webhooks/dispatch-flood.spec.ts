import { afterAll, beforeAll, expect, it } from 'vitest';

import { ServiceClock } from '../faults/set-clock.js';
import { randomFrom } from '../support/dice.js';
import { SEED, sized } from '../support/long-form.js';
import { finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { update } from './issue-updates.js';
import { LINEAR_SECRET, send, settled, signedByLinear, type SentDelivery } from './senders.js';

const ISSUES = sized(6, 400);
const KILLS = sized(2, 20);
const NEXT = 'lin_wh_next_7Hq2Zk9Wm4Tx8Rb1';
/** As Linear sends again what was not answered: the same signed body, so many seconds later. */
const STAGES_S = [0, 65, 3600, 6 * 3600];

const clock = new ServiceClock();
let service: RunningService;
beforeAll(async () => {
  service = await startService({
    env: {
      ...clock.env,
      RISOLUTO_LINEAR_WEBHOOK_SECRET: NEXT,
      RISOLUTO_LINEAR_WEBHOOK_SECRET_PREVIOUS: LINEAR_SECRET,
    },
    yaml: {
      rateLimits: { api: { limit: 1e9 }, webhooks: { limit: 1e9 } },
      runs: { maxConcurrent: 8 },
      dispatch: [
        {
          name: 'work',
          when: { state: 'In Progress', labels: 'agent' },
          run: { command: ['sh', '-c', 'echo "$ISSUE_IDENTIFIER" >> log'] },
        },
      ],
    },
  });
});
afterAll(async () => {
  await service?.stop();
  clock.remove();
});

/**
 * All that Linear tells of one issue. One update moves it to where the rule wants it; others edit it
 * before and after. Each arrives at a stage of its own,
 * and again later, under other ids and signed with the other secret.
 */
function toldOf(
  n: number,
  at: number,
  random: () => number,
): { stage: number; sent: SentDelivery }[] {
  const issue = `FL-${n}`;
  const edit = (text: string) => ({ title: text, from: { title: 'Before' } });
  const bodies = [
    update(issue, { at: at - 20_000, state: 'Todo', ...edit('first') }),
    update(issue, { at: at - 10_000 }),
    update(issue, { at: at - 5000, ...edit('second') }),
    update(issue, { at, ...edit('third') }),
  ];
  return bodies.flatMap((first) => {
    const stage = Math.floor(random() * STAGES_S.length);
    const later = () => stage + Math.floor(random() * (STAGES_S.length - stage));
    return [
      { stage, sent: first },
      { stage: later(), sent: first },
      { stage: later(), sent: signedByLinear(first.body) },
      { stage: later(), sent: signedByLinear(first.body, { secret: NEXT }) },
    ];
  });
}

const timeout = 3_600_000;

it(
  'dispatches each issue once, in any order, however late, through kills',
  { timeout },
  async () => {
    console.log(`seed ${SEED}, ${ISSUES} issues, ${KILLS} kills`);
    const random = randomFrom(SEED);
    const at = Date.now();
    const all = Array.from({ length: ISSUES }, (_, n) => toldOf(n, at, random))
      .flat()
      .map((one) => ({ ...one, place: random() }))
      .toSorted((one, other) => one.stage - other.stage || one.place - other.place);
    const killBefore = new Set(
      Array.from({ length: KILLS }, () => Math.floor(random() * all.length)),
    );
    for (const [index, { stage, sent }] of all.entries()) {
      clock.set(STAGES_S[stage] ?? 0);
      if (killBefore.has(index)) {
        await service.kill9();
        await service.start();
      }
      const answer = await send(service, sent);
      expect(answer.status, answer.text).toBe(200);
    }
    await settled(service);
    for (let n = 0; n < ISSUES; n += 1) {
      const issue = `FL-${n}`;
      const [run, ...more] = (await service.api('GET', `/api/v1/runs?issue=${issue}`)).body.items;
      expect(more, issue).toEqual([]);
      // One that a kill met before its command had begun is lost, and never begun again.
      expect(['succeeded', 'lost']).toContain((await finishRun(service, run.id)).status);
      const found = (await service.api('GET', `/api/v1/webhooks/deliveries?issue=${issue}`)).body
        .items;
      expect(found).toHaveLength(4);
      const acted = found.filter(({ runId }: { runId: string | null }) => runId !== null);
      expect(acted).toMatchObject([{ rule: 'work', runId: run.id, status: 'handled' }]);
    }
    const verified = await service.api('GET', '/api/v1/audit/verify?full=true');
    expect(verified.body, verified.text).toMatchObject({ ok: true });
  },
);
