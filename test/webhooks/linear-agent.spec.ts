import { afterAll, beforeAll, expect, it } from 'vitest';

import { readPage } from '../docs/markdown.js';
import { linearOf, settingsOf, toTheProvider } from '../docs/page-service.js';
import { MENDS_THE_BUILD } from '../docs/scripted-model.js';
import { setSecret } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import type { LinearImpostor } from '../support/linear-impostor.js';
import type { ModelProvider } from '../support/model-provider/model-provider.js';
import { message, reply, runs, says, shellCall } from '../support/model-provider/model-reply.js';
import { startWorldProvider } from '../support/model-provider/world-provider.js';
import { finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { issueUpdate, LINEAR_SECRET, send, signedByLinear } from './senders.js';

const KEY = 'lin_api_ag3nts0key';
const TOKEN = 'token-0f-the-agent-31';
const MODEL_KEY = 'sk-0f-the-model-4711';
const NOTES_KEY = 'key-0f-the-notes-4712';
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

/** A program of the tests' own that is asked, and Codex with a secret and a route beside its model's. */
const RULES = [
  {
    name: 'tells',
    when: { type: 'Issue', state: 'In Progress', team: 'OPS' },
    run: { agent: { kind: 'tells', prompt: '{{ issue.title }} ' }, secrets: ['TOKEN'] },
    report: { started: { comment: false } },
  },
  {
    name: 'asks',
    when: { type: 'Issue', state: 'In Progress', team: 'DEV' },
    run: {
      agent: { kind: 'codex', prompt: '{{ issue.identifier }}, {{ issue.title }}' },
      secrets: ['TOKEN'],
      credentialRoutes: ['notes'],
    },
    report: { started: { comment: false } },
  },
];

let linear: LinearImpostor;
let provider: ModelProvider;
let service: RunningService;
beforeAll(async () => {
  linear = await linearOf({ key: KEY, issue: 'MT-42' });
  linear.addIssue('issue-7', 'OPS-7');
  linear.addIssue('issue-8', 'DEV-8');
  linear.addIssue('issue-9', 'DEV-9');
  provider = await startWorldProvider();
  const { codex, dispatch, ...rest } = settingsOf(page, linear.url);
  const notes = toTheProvider({ name: 'notes', header: 'X-Notes-Key', secret: 'NOTES_KEY' });
  const credentialRoutes = [...codex.sandbox.credentialRoutes, notes];
  service = await startService({
    env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET },
    yaml: {
      ...rest,
      dispatch: [...RULES, ...dispatch],
      codex: {
        ...codex,
        sandbox: { ...codex.sandbox, credentialRoutes },
        agents: { exec: [{ name: 'tells', argv: ['node', '-e', TELLS] }] },
      },
    },
  });
  await setSecret(service, 'LINEAR_API_KEY', KEY);
  await setSecret(service, 'TOKEN', TOKEN);
  await setSecret(service, 'MODEL_KEY', MODEL_KEY);
  await setSecret(service, 'NOTES_KEY', NOTES_KEY);
});
afterAll(async () => {
  await service?.stop();
  await Promise.all([linear?.close(), provider?.close()]);
});

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
  provider.script(MENDS_THE_BUILD.marker, ...MENDS_THE_BUILD.replies);
  await runToEnd(service, {
    issue: 'MT-42',
    command: ['sh', '-c', "printf '#!/bin/sh\\nech built\\n' >build.sh"],
  });
  const labels = [{ id: 'l', name: 'agent' }];
  const run = await worked('MT-42', {
    ...{ title: 'The build fails', description: '`sh build.sh`, since Monday.', labels },
    team: { key: 'MT' },
  });
  expect(run, service.logs()).toMatchObject({ status: 'succeeded', actor: 'webhook:linear' });
  const [started, finished] = await commentsOn('MT-42', 2);
  expect(started).toContain('started run');
  const shown = page.blocks.findLast(({ language }) => language === 'text')?.text ?? '';
  const plain = (text = '') =>
    text
      .trim()
      .replaceAll(/\b[0-9A-HJKMNP-TV-Z]{26}\b/g, 'RUN')
      .replace(/(Duration: ).*/, '$1…');
  expect(plain(finished)).toBe(plain(shown));
  const [asked] = provider.asked(MENDS_THE_BUILD.marker);
  expect(asked?.headers.authorization).toBe(`Bearer ${MODEL_KEY}`);
  await until('the move', async () => (linear.moves.length === 1 ? true : null));
  expect(linear.moves).toMatchObject([{ stateId: 'state-review' }]);
  const built = await runToEnd(service, { issue: 'MT-42', command: ['sh', 'build.sh'] });
  expect(built.stdout).toBe('built\n');
});

it('has in the comment what Codex said last, with no key and no secret in it', async () => {
  provider.script(
    'DEV-8, Look',
    runs('curl -s -o /dev/null -w "%{http_code}\\n" $RISOLUTO_ROUTE_NOTES/notes; echo $TOKEN'),
    reply([message('not the last'), shellCall('true')]),
    says(`I found ${TOKEN} and ${MODEL_KEY}.\n# @everyone`),
  );
  const run = await worked('DEV-8', { title: 'Look', team: { key: 'DEV' } });
  expect(run, service.logs()).toMatchObject({ status: 'succeeded' });
  const [comment = ''] = await commentsOn('DEV-8', 1);
  expect(comment).toMatch(/```text\nI found \*\*\* and \*+\.\n# @everyone\n```/);
  expect(comment).not.toMatch(/not the last|"type"|jsonrpc|curl/);
  for (const value of [TOKEN, MODEL_KEY, NOTES_KEY]) expect(comment).not.toContain(value);
  const notes = provider.requests.find(({ path }) => path === '/v1/notes');
  expect(notes?.headers['x-notes-key']).toBe(`Bearer ${NOTES_KEY}`);
});

it('tells why Codex failed, and what it had said', async () => {
  const refused = { error: { message: `no quota for ${MODEL_KEY}`, type: 'of_tests' } };
  provider.script('DEV-9, Try', reply([message('I begin.'), shellCall('true')]), {
    ...{ kind: 'status', status: 400, body: refused },
  });
  const run = await worked('DEV-9', { title: 'Try', team: { key: 'DEV' } });
  expect(run).toMatchObject({ status: 'failed', reason: 'provider_refused' });
  const [comment = ''] = await commentsOn('DEV-9', 1);
  expect(comment).toContain('**failed**');
  expect(comment).toMatch(/- Reason: `provider_refused`\n- Details: `.*no quota for \*+.*`/);
  expect(comment).toContain('What the agent said last:\n\n```text\nI begin.\n```');
  expect(comment).not.toContain(MODEL_KEY);
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
