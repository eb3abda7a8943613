import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { newTokenCanary } from '../leaks/canaries.js';
import { awaitRun, awaitTurn, keptRun, turnToEnd } from '../runs/turn-questions.js';
import type { ModelProvider } from '../support/model-provider/model-provider.js';
import { message, runs, says, type ModelReply } from '../support/model-provider/model-reply.js';
import { startWorldProvider } from '../support/model-provider/world-provider.js';
import { createRun, runToEnd } from '../support/runs.js';
import type { RunningService } from '../support/service.js';
import { codexRun, COMPACTION, eventsOf, historyIn, startCodexService } from './codex-service.js';
import { RUNTIMES_TRIED } from './runtimes-tried.js';

const KEY = newTokenCanary('model');
const many = (reply: ModelReply) => Array.from({ length: 30 }, () => reply);
const status = (code: number, headers: Record<string, string> = {}): ModelReply => {
  const error = { message: `the provider says ${String(code)}`, type: 'of_tests' };
  return { kind: 'status', status: code, headers, body: { error } };
};

describe.each(RUNTIMES_TRIED)('Codex in trouble, %s', (runtime) => {
  let provider: ModelProvider;
  let service: RunningService;
  beforeAll(async () => {
    provider = await startWorldProvider();
    service = await startCodexService(KEY, { runtime, agent: { stallSeconds: 6 } });
  });
  afterAll(async () => {
    await service?.stop();
    await provider?.close();
  });

  describe('a provider that fails ends the turn with a clear reason', () => {
    it.each<[name: string, replies: ModelReply[], reason: string, message: string]>([
      ['429', many(status(429, { 'retry-after': '1' })), 'provider_rate_limited', '429'],
      ['500', many(status(500)), 'provider_error', 'Codex gave up'],
      ['401', many(status(401)), 'provider_refused', 'the provider says 401'],
      ['400', many(status(400)), 'provider_refused', 'the provider says 400'],
    ])('%s', async (name, replies, reason, text) => {
      provider.script(`FAIL-${name}`, ...replies);

      const run = await runToEnd(service, codexRun(`FAIL-${name}`, `FAIL-${name} please`));

      expect(run).toMatchObject({ status: 'failed', reason });
      expect(run).toHaveProperty('message', expect.stringContaining(text));
      const errors = (await eventsOf(service, run.id)).filter(
        ({ event }) => event.type === 'error',
      );
      expect(errors.at(-1)?.event).toMatchObject({ willRetry: false });
    });

    it('silence', async () => {
      provider.script('FAIL-SILENCE', ...many({ kind: 'stall' }));

      const run = await runToEnd(service, codexRun('FAIL-7', 'FAIL-SILENCE please'));

      expect(run.status).toBe('failed');
      expect(['agent_stalled', 'provider_stalled']).toContain(run.reason);
      expect(provider.left).toBeGreaterThan(0);
    });
  });

  describe('a stream that breaks off', () => {
    it('is taken up again by Codex', async () => {
      provider.script(
        'BREAK-ONCE',
        { kind: 'disconnect', items: [message('half')] },
        says('whole'),
      );

      const run = await runToEnd(service, codexRun('BREAK-1', 'BREAK-ONCE please'));

      expect(run).toMatchObject({ status: 'succeeded' });
      const texts = (await eventsOf(service, run.id)).map(({ text }) => text);
      expect(texts).toContain('whole\n');
    });

    it('is taken up by a new Codex where the first gave up, with the same thread', async () => {
      const broken = Array.from({ length: 4 }, (): ModelReply => ({ kind: 'disconnect' }));
      provider.script('BREAK-OFTEN', ...broken, says('whole'));

      const run = await runToEnd(service, codexRun('BREAK-2', 'BREAK-OFTEN please'));

      expect(run, service.logs()).toMatchObject({ status: 'succeeded' });
      const history = historyIn(provider.asked('BREAK-OFTEN').at(-1));
      expect(history.filter((line) => line.includes('BREAK-OFTEN'))).toHaveLength(1);
      expect(history.at(-1)).toContain('You were interrupted by a fault');
    });
  });

  describe('a Codex that dies', () => {
    it('goes on in a new container, in its thread, and is not told its task again', async () => {
      provider.script('CRASH-MARK', runs('pkill -KILL -x codex; sleep 30'), says('went on'));

      const run = await runToEnd(service, codexRun('CRASH-1', 'CRASH-MARK please'));

      expect(run, service.logs()).toMatchObject({ status: 'succeeded' });
      const history = historyIn(provider.asked('CRASH-MARK').at(-1));
      expect(history.filter((line) => line.includes('CRASH-MARK please'))).toHaveLength(1);
      expect(history.at(-1)).toContain('go on with the task');
    });
  });

  describe('a service that is killed in mid-turn', () => {
    it('goes on with the Codex that runs, and sends it nothing twice', async () => {
      provider.script('KILL-MARK', runs('echo begun; sleep 6; echo slept'), says('after all'));
      const id = await createRun(service, codexRun('KILL-1', 'KILL-MARK please'));
      await provider.awaited('KILL-MARK', 1);
      await new Promise((resolve) => setTimeout(resolve, 500));

      await service.kill9();
      await service.start();

      expect(await awaitRun(service, id), service.logs()).toMatchObject({ status: 'succeeded' });
      expect(provider.asked('KILL-MARK')).toHaveLength(2);
      const history = historyIn(provider.asked('KILL-MARK').at(-1));
      expect(history).toEqual(['user: KILL-MARK please']);
      const events = (await eventsOf(service, id)).map(
        ({ event, text }) => `${event.type}: ${text}`,
      );
      expect(events.filter((event) => !event.startsWith('usage'))).toEqual([
        "command: $ /bin/bash -lc 'echo begun; sleep 6; echo slept'\nbegun\nslept\n",
        'message: after all\n',
      ]);
    });

    it('goes on with a compaction likewise', async () => {
      provider.script('KEEP-MARK', says('kept'));
      const id = await keptRun(service, codexRun('KILL-2', 'KEEP-MARK please'));
      // Codex asks again when nothing comes of its first request.
      provider.script(COMPACTION, { kind: 'stall' }, says('summed up'));
      const asked = await service.api('POST', `/api/v1/runs/${id}/compact`);
      await provider.awaited(COMPACTION, 1);

      await service.kill9();
      await service.start();

      expect(await awaitTurn(service, asked), service.logs()).toMatchObject({
        status: 'succeeded',
      });
      expect(provider.asked(COMPACTION)).toHaveLength(2);
      provider.script('NEXT-MARK', says('next'));
      await turnToEnd(service, id, { prompt: 'NEXT-MARK please' });
      expect(historyIn(provider.asked('NEXT-MARK').at(-1)).join('\n')).toContain('summed up');
      await service.api('POST', `/api/v1/runs/${id}/cancel`);
    });
  });
});
