import { afterAll, beforeAll, expect, it } from 'vitest';

import { linearOf, settingsOf } from '../docs/page-service.js';
import { readPage } from '../docs/markdown.js';
import { setSecret } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import type { LinearImpostor } from '../support/linear-impostor.js';
import { finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { issueUpdate, LINEAR_SECRET, send, signedByLinear } from './senders.js';

const KEY = 'lin_api_ag3nts0key';
const TOKEN = 'token-0f-the-agent-31';
const page = readPage('docs/linear-agent.md');

/** Says what it was told, its secret and text that would be marks, in one message; its task may be to fail. */
const TELLS = String.raw`
  const say = (line) => console.log(JSON.stringify(line));
  const prompt = require('node:fs').readFileSync(0, 'utf8');
  say({ type: 'message', text: 'not the last' });
  say({ type: 'message', text: prompt + process.env.TOKEN + '\n\u0060\u0060\u0060\n# @everyone' });
  say({ type: 'usage', text: '', output_tokens: 3 });
  if (prompt.includes('fail')) say({ type: 'result', status: 'failed', reason: 'no_luck', message: 'tried ' + process.env.TOKEN });
`;

let linear: LinearImpostor;
let service: RunningService;
beforeAll(async () => {
  linear = await linearOf({ key: KEY, issue: 'MT-42' });
  linear.addIssue('issue-7', 'OPS-7');
  const settings = settingsOf(page, linear.url) as Settings;
  const tells = { name: 'tells', argv: ['node', '-e', TELLS] };
  const rule = {
    name: 'tells',
    when: { type: 'Issue', state: 'In Progress', team: 'OPS' },
    run: { agent: { kind: 'tells', prompt: '{{ issue.title }} ' }, secrets: ['TOKEN'] },
    report: { started: { comment: false } },
  };
  service = await startService({
    env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET },
    yaml: {
      ...settings,
      dispatch: [rule, ...settings.dispatch],
      codex: { agents: { exec: [tells, ...settings.codex.agents.exec] } },
    },
  });
  await setSecret(service, 'LINEAR_API_KEY', KEY);
  await setSecret(service, 'TOKEN', TOKEN);
});
afterAll(async () => {
  await service?.stop();
  await linear?.close();
});

interface Settings {
  dispatch: object[];
  codex: { agents: { exec: object[] } };
}

/** Sends a trigger and answers with its run, when that has finished. */
async function worked(identifier: string, data: object) {
  const whole = issueUpdate(identifier) as { data: object };
  const state = { id: 'doing', name: 'In Progress' };
  const payload = {
    ...whole,
    data: { ...whole.data, state, ...data },
    updatedFrom: { stateId: 'todo' },
    webhookTimestamp: Date.now(),
  };
  const { id } = (await send(service, signedByLinear(payload))).body;
  const runId = await until('the run', async () => {
    const { body } = await service.api('GET', `/api/v1/webhooks/deliveries/${id}`);
    if (body.status !== 'pending' && body.status !== 'handled') throw new Error(body.message);
    return body.runId as string | null;
  });
  return finishRun(service, runId);
}

const commentsOn = (identifier: string, count: number) =>
  until('its comments', () => {
    const ids = linear.issues.filter((one) => one.identifier === identifier).map(({ id }) => id);
    const found = linear.comments.filter(({ issueId }) => [...ids, identifier].includes(issueId));
    return found.length === count ? found.map(({ body }) => body) : null;
  });

it('leads from a signed delivery to the comment that the page shows, and moves the issue', async () => {
  const labels = [{ id: 'l', name: 'agent' }];
  const run = await worked('MT-42', {
    ...{ title: 'The build fails', description: 'Since `Monday`.', labels },
    team: { key: 'MT' },
  });
  expect(run).toMatchObject({ status: 'succeeded', actor: 'webhook:linear' });
  const [started, finished] = await commentsOn('MT-42', 2);
  expect(started).toContain('started run');
  const shown = page.blocks.findLast(({ language }) => language === 'text')?.text ?? '';
  const plain = (text = '') =>
    text
      .trim()
      .replace(/`[0-9A-HJKMNP-TV-Z]{26}`/, '`RUN`')
      .replace(/(Duration: ).*/, '$1…');
  expect(plain(finished)).toBe(plain(shown));
  await until('the move', async () => (linear.moves.length === 1 ? true : null));
  expect(linear.moves).toMatchObject([{ stateId: 'state-done' }]);
});

it('tells the last message alone, masked, and as text that marks nothing', async () => {
  await worked('OPS-7', { title: 'Look', team: { key: 'OPS' } });
  const [comment] = await commentsOn('OPS-7', 1);
  expect(comment).toContain('````text\nLook ***\n```\n# @everyone\n````');
  expect(comment).not.toContain('not the last');
  expect(comment).not.toContain(TOKEN);
});

it('tells why an agent failed', async () => {
  const run = await worked('OPS-7', { title: 'Please fail', team: { key: 'OPS' } });
  expect(run).toMatchObject({ status: 'failed', reason: 'no_luck' });
  const [, comment] = await commentsOn('OPS-7', 2);
  expect(comment).toContain('**failed**');
  expect(comment).toContain('- Reason: `no_luck`\n- Details: `tried ***`');
  expect(comment).toContain('Please fail ***');
});
