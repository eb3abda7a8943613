import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { newTokenCanary } from '../leaks/canaries.js';
import { untilStatus } from '../runs/run-questions.js';
import { awaitRun, awaitTurn, keptRun, turnToEnd } from '../runs/turn-questions.js';
import { until } from '../runs/until.js';
import { apiDocument } from '../support/api-document.js';
import type { ModelProvider } from '../support/model-provider/model-provider.js';
import { patchCall, reply, runs, says } from '../support/model-provider/model-reply.js';
import { startWorldProvider } from '../support/model-provider/world-provider.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import type { RunningService } from '../support/service.js';
import { codexRun, COMPACTION, eventsOf, historyIn, startCodexService } from './codex-service.js';
import { MODEL } from './codex-settings.js';
import { RUNTIMES_TRIED } from './runtimes-tried.js';

const KEY = newTokenCanary('model');
const SECRET = newTokenCanary('asked');

interface Approval {
  id: string;
  kind: string;
  text: string;
  status: string;
  decidedBy: string | null;
}

let provider: ModelProvider;
beforeAll(async () => {
  provider = await startWorldProvider();
});
afterAll(() => provider?.close());

describe.each(RUNTIMES_TRIED)('Codex asks before it acts, %s,', (runtime) => {
  let service: RunningService;
  beforeAll(async () => {
    const agent = { approvalPolicy: 'untrusted', approvalTimeoutSeconds: 20 };
    service = await startCodexService(KEY, { runtime, agent });
    await service.api('PUT', '/api/v1/secrets/ASKED', { body: { value: SECRET } });
  });
  afterAll(() => service?.stop());

  async function approvals(id: string): Promise<Approval[]> {
    const answer = await service.api('GET', `/api/v1/runs/${id}/approvals`);
    expect(answer.status, answer.text).toBe(200);
    return answer.body.items as Approval[];
  }
  const pending = (id: string) =>
    until('a question to be asked', async () => {
      const open = (await approvals(id)).filter(({ status }) => status === 'pending');
      return open[0] ?? null;
    });
  const decide = (runId: string, id: string, decision: string) =>
    service.api('POST', `/api/v1/runs/${runId}/approvals`, { body: { id, decision } });
  const decisions = async (runId: string) => {
    const { body } = await service.api('GET', '/api/v1/audit?limit=200&action=approval.decided');
    const rows = body.items as { actor: string; target: string; details: object }[];
    return rows.filter(({ target }) => target === runId);
  };

  it('and does it once it is allowed, each answer with its audit row', async () => {
    provider.script(
      'ALLOW-MARK',
      runs('touch made-by-command'),
      reply([patchCall('*** Begin Patch\n*** Add File: patched.txt\n+x\n*** End Patch')]),
      says('done'),
    );
    const id = await createRun(service, codexRun('ASK-1', 'ALLOW-MARK please'));

    const first = await pending(id);
    expect(first).toMatchObject({ kind: 'command', decidedBy: null });
    expect(first.text).toContain('touch made-by-command');
    const answer = await decide(id, first.id, 'approve');
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toMatchObject({ status: 'approved', decidedBy: 'loopback' });
    const second = await pending(id);
    expect(second).toMatchObject({ kind: 'file_change', text: 'add /workspace/patched.txt' });
    await decide(id, second.id, 'approve');

    expect(await awaitRun(service, id)).toMatchObject({ status: 'succeeded' });
    const files = await runToEnd(service, { issue: 'ASK-1', command: ['ls'] });
    expect(files.stdout).toBe('made-by-command\npatched.txt\n');
    expect(await decisions(id)).toMatchObject([
      { actor: 'loopback', details: { decision: 'approve', kind: 'file_change' } },
      { actor: 'loopback', details: { decision: 'approve', kind: 'command' } },
    ]);
    const again = await decide(id, first.id, 'deny');
    expect([again.status, again.body.error.code]).toEqual([409, 'approval_decided']);
  });

  it('and not when it is denied, by a person or by time', async () => {
    provider.script('DENY-MARK', runs('touch by-person'), runs('touch by-time'), says('neither'));
    const id = await createRun(service, codexRun('ASK-2', 'DENY-MARK please'));
    await decide(id, (await pending(id)).id, 'deny');
    await pending(id);

    expect(await awaitRun(service, id)).toMatchObject({ status: 'succeeded' });
    const files = await runToEnd(service, { issue: 'ASK-2', command: ['ls'] });
    expect(files.stdout).toBe('');
    expect(await decisions(id)).toMatchObject([
      { actor: 'system', details: { decision: 'deny', why: 'time_limit' } },
      { actor: 'loopback', details: { decision: 'deny' } },
    ]);
  });

  it('and the question and its answer outlive the service', async () => {
    provider.script('OUTLIVE-MARK', runs('touch made'), says('done'));
    const id = await createRun(service, codexRun('ASK-3', 'OUTLIVE-MARK please'));
    const asked = await pending(id);

    await service.kill9();
    await service.start();

    const answer = await decide(id, asked.id, 'approve');
    expect(answer.status, answer.text).toBe(200);
    expect(await awaitRun(service, id), service.logs()).toMatchObject({ status: 'succeeded' });
    expect(await approvals(id)).toMatchObject([{ id: asked.id, status: 'approved' }]);
    const files = await runToEnd(service, { issue: 'ASK-3', command: ['ls'] });
    expect(files.stdout).toBe('made\n');
  });

  it('and a secret of the run in a question is masked', async () => {
    provider.script('MASK-MARK', runs(`echo ${SECRET}`), says('done'));
    const id = await createRun(service, {
      ...codexRun('ASK-4', 'MASK-MARK please'),
      secrets: ['ASKED'],
    });
    const { text, id: asked } = await pending(id);
    await decide(id, asked, 'deny');
    await awaitRun(service, id);

    expect(text).toContain('echo ***');
    expect(text).not.toContain(SECRET);
  });
});

describe.each(RUNTIMES_TRIED)('people and limits direct a turn, %s:', (runtime) => {
  let service: RunningService;
  beforeAll(async () => {
    const prices = { [MODEL]: { inputPerMillion: 2, outputPerMillion: 10 } };
    const limits = { tokensPerRun: 1000, tokensPerIssue: 1500, costPerRun: 0.005 };
    service = await startCodexService(KEY, { runtime, agent: { prices, limits } });
  });
  afterAll(() => service?.stop());

  it('steer tells it something before its next step', async () => {
    provider.script('STEER-MARK', runs('echo begun; sleep 3'), says('heard'));
    const id = await createRun(service, codexRun('PPL-1', 'STEER-MARK please'));
    await untilStatus(service, id, 'running');
    await provider.awaited('STEER-MARK', 1);

    const steered = await until('the turn to take it', async () => {
      const body = { prompt: 'and mind the heron' };
      const answer = await service.api('POST', `/api/v1/runs/${id}/turns/current/steer`, { body });
      return answer.status === 409 ? null : answer;
    });

    expect(steered.status, steered.text).toBe(204);
    expect(await awaitRun(service, id)).toMatchObject({ status: 'succeeded' });
    expect(historyIn(provider.asked('STEER-MARK').at(-1))).toContain('user: and mind the heron');
  });

  it('interrupt ends it, and the thread goes on in the next turn', async () => {
    provider.script('STOP-MARK', runs('echo begun; sleep 20'));
    provider.script('AFTER-MARK', says('went on'));
    const id = await createRun(service, { ...codexRun('PPL-2', 'STOP-MARK'), keepAlive: true });
    await provider.awaited('STOP-MARK', 1);
    await until('the turn to be interrupted', async () => {
      const answer = await service.api('POST', `/api/v1/runs/${id}/turns/current/interrupt`);
      return answer.status === 204 ? true : null;
    });

    expect(await awaitRun(service, id)).toMatchObject({ status: 'idle', reason: 'interrupted' });
    const turn = await turnToEnd(service, id, { prompt: 'AFTER-MARK please' });
    expect(turn).toMatchObject({ status: 'succeeded' });
    expect(historyIn(provider.asked('AFTER-MARK').at(-1))[0]).toBe('user: STOP-MARK');
  });

  it('compaction puts a summary in the place of its conversation, between turns', async () => {
    provider.script('LONG-MARK', runs('echo begun; sleep 2'), says('The word is heron.'));
    const id = await createRun(service, { ...codexRun('PPL-6', 'LONG-MARK'), keepAlive: true });
    const compact = () => service.api('POST', `/api/v1/runs/${id}/compact`);
    await provider.awaited('LONG-MARK', 1);
    const early = await compact();
    expect([early.status, early.body.error.code]).toEqual([409, 'turn_active']);
    expect(await awaitRun(service, id)).toMatchObject({ status: 'idle', reason: null });

    provider.script(COMPACTION, says('The bird was named.', { input: 40, output: 5 }));
    const turn = await awaitTurn(service, await compact());
    provider.script('LATER-MARK', says('It was heron.'));
    await turnToEnd(service, id, { prompt: 'LATER-MARK please' });
    await service.api('POST', `/api/v1/runs/${id}/cancel`);
    const late = await compact();

    expect(turn).toMatchObject({ number: 2, status: 'succeeded', compaction: true, prompt: null });
    const events = (await eventsOf(service, id)).filter((event) => event.turn === 2);
    expect(events.map(({ text }) => text)).toContain('The conversation was compacted\n');
    expect(provider.asked(COMPACTION)).toHaveLength(1);
    expect(historyIn(provider.asked(COMPACTION)[0]).at(-2)).toBe('assistant: The word is heron.');
    const after = historyIn(provider.asked('LATER-MARK').at(-1));
    expect(after[0]).toBe('user: LONG-MARK');
    expect(after.join('\n')).toContain('The bird was named.');
    expect(after.join('\n')).not.toContain('The word is heron.');
    const shown = await service.api('GET', `/api/v1/runs/${id}`);
    expect(shown.body.usage).toMatchObject({ inputTokens: 40, outputTokens: 5 });
    const path = '/api/v1/audit?action=run.compaction_requested';
    const { items } = (await service.api('GET', path)).body as { items: object[] };
    expect(items).toMatchObject([{ actor: 'loopback', target: id, details: { turn: 2 } }]);
    expect([late.status, late.body.error.code]).toEqual([409, 'run_finished']);
  });

  it('a limit of tokens interrupts it, and keeps the issue’s next runs from starting', async () => {
    const much = { input: 900, cached: 900, output: 150 };
    provider.script('MUCH-MARK', runs('true', much), runs('sleep 50'));
    const first = await runToEnd(service, codexRun('PPL-3', 'MUCH-MARK please'));
    provider.script('MORE-MARK', runs('true', { input: 470, output: 10 }), runs('sleep 50'));
    const second = await runToEnd(service, codexRun('PPL-3', 'MORE-MARK please'));
    const third = await runToEnd(service, codexRun('PPL-3', 'NEVER-MARK please'));

    expect(first).toMatchObject({ status: 'failed', reason: 'token_limit' });
    expect(first).toHaveProperty('message', expect.stringContaining('tokensPerRun is 1000'));
    expect(second).toMatchObject({ status: 'failed', reason: 'token_limit' });
    expect(second).toHaveProperty('message', expect.stringContaining('tokensPerIssue'));
    expect(third).toMatchObject({ status: 'failed', reason: 'token_limit' });
    expect(provider.asked('NEVER-MARK')).toEqual([]);
  });

  it('a limit of cost interrupts it, and the run shows what it cost', async () => {
    provider.script(
      'DEAR-MARK',
      runs('true', { input: 300, cached: 100, output: 450 }),
      runs('sleep 50'),
    );

    const run = await runToEnd(service, codexRun('PPL-4', 'DEAR-MARK please'));

    expect(run).toMatchObject({ status: 'failed', reason: 'cost_limit' });
    expect(run).toHaveProperty('usage', {
      inputTokens: 300,
      cachedInputTokens: 100,
      outputTokens: 450,
      reasoningOutputTokens: 0,
      cost: 0.0051,
    });
  });

  it('the example of the document is run as it is, and shown with its routes', async () => {
    const { requestBody } = apiDocument().paths['/api/v1/runs']?.post ?? {};
    const body = requestBody?.content['application/json']?.examples?.agent?.value;
    const { timeoutSeconds: _, ...shown } = body as Record<string, unknown>;
    provider.script('Make the tests pass', says('They pass.'));

    const run = await runToEnd(service, body as Record<string, unknown>);

    expect(run).toMatchObject({ ...shown, status: 'succeeded' });
    expect(shown).toHaveProperty('credentialRoutes', ['packages']);
  });

  it('and nothing is told to a run whose turn is over', async () => {
    provider.script('OVER-MARK', says('over'));
    const id = await keptRun(service, codexRun('PPL-5', 'OVER-MARK please'));

    const answer = await service.api('POST', `/api/v1/runs/${id}/turns/current/interrupt`);

    expect([answer.status, answer.body.error.code]).toEqual([409, 'turn_not_steerable']);
    await service.api('POST', `/api/v1/runs/${id}/cancel`);
    await finishRun(service, id);
  });
});
