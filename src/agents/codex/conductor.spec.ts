import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LedRun, RUN } from '../../../test/support/codex/led-run.js';
import { ScriptedCodex } from '../../../test/support/codex/scripted-codex.js';
import { transcript } from '../../../test/support/codex/transcript.js';
import type { AgentVerdict } from '../../runs/agents/turn-driver.js';
import type { Interruption } from './verdict.js';

describe('Codex is led through a turn', () => {
  it.each<[name: string, verdict: Partial<AgentVerdict>]>([
    ['work', { status: 'succeeded', reason: null }],
    ['approved', { status: 'succeeded', reason: null }],
    ['rate-limited', { status: 'failed', reason: 'provider_rate_limited' }],
    ['server-error', { status: 'failed', reason: 'provider_error' }],
    ['unauthorized', { status: 'failed', reason: 'provider_refused' }],
    ['bad-request', { status: 'failed', reason: 'provider_refused' }],
    ['disconnected', { status: 'failed', reason: 'provider_disconnected', resumable: true }],
    ['malformed', { status: 'failed', reason: 'provider_disconnected', resumable: true }],
    ['silent-provider', { status: 'failed', reason: 'provider_stalled' }],
  ])('whose transcript is %s', async (name, verdict) => {
    const run = new LedRun(new ScriptedCodex(transcript(name)));

    expect(await run.life().verdict).toMatchObject(verdict);
    expect(run.codex.requests).toEqual(
      expect.arrayContaining(['initialize', 'thread', 'turn']) as string[],
    );
  });

  it('and the prompt goes out once the thread is remembered', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('work')));

    await run.life().verdict;

    const [prompt] = run.codex.written.filter((line) => line.includes('"turn/start"'));
    const { params } = JSON.parse(prompt ?? '') as { params: Record<string, unknown> };
    expect(params).toMatchObject({
      input: [{ type: 'text', text: 'do it' }],
      clientUserMessageId: `risoluto/${RUN}/1/0`,
      sandboxPolicy: { type: 'externalSandbox', networkAccess: 'restricted' },
      approvalPolicy: 'never',
      model: 'gpt-5.5',
    });
    expect(JSON.parse(run.memory ?? '')).toEqual({ threadId: params.threadId });
  });

  it('and its thread’s counts are taken down as they grow', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('work')));

    await run.life().verdict;

    expect(run.counts.map(({ totalTokens, model }) => [totalTokens, model])).toEqual([
      [120, 'gpt-5.5'],
      [249, 'gpt-5.5'],
      [386, 'gpt-5.5'],
    ]);
  });

  it('and what it asks is answered by whoever decides', async () => {
    const allowed = new LedRun(new ScriptedCodex(transcript('approved')), {
      decide: () => Promise.resolve('approve'),
    });
    const denied = new LedRun(new ScriptedCodex(transcript('denied')));

    await Promise.all([allowed.life().verdict, denied.life().verdict]);

    const answers = ({ codex }: LedRun) =>
      codex.written.filter((line) => line.includes('"decision"')).map((line) => JSON.parse(line));
    expect(answers(allowed)).toEqual([
      { id: 0, result: { decision: 'accept' } },
      { id: 1, result: { decision: 'accept' } },
    ]);
    expect(answers(denied)).toEqual([{ id: 0, result: { decision: 'decline' } }]);
  });

  it('and what this service does not serve is refused', async () => {
    const question = '{"id":7,"method":"account/chatgptAuthTokens/refresh","params":{}}';
    const lines = transcript('work');
    const run = new LedRun(new ScriptedCodex([...lines.slice(0, 8), question, ...lines.slice(8)]));

    await run.life().verdict;

    expect(run.asked).toEqual([]);
    const refusals = run.codex.written.filter((line) => line.includes('-32601'));
    expect(refusals.map((line) => JSON.parse(line))).toEqual([
      {
        id: 7,
        error: { code: -32_601, message: 'account/chatgptAuthTokens/refresh is not served' },
      },
    ]);
  });

  it('and goes on in its thread after it broke off, without the prompt a second time', async () => {
    const crashed = new LedRun(new ScriptedCodex(transcript('crashed')));
    const first = crashed.life();
    await expect.poll(() => crashed.controls).not.toBeNull();
    crashed.codex.die();
    expect(await first.verdict).toMatchObject({ reason: 'agent_crashed', resumable: true });

    const resumed = new LedRun(new ScriptedCodex(transcript('resumed')));
    resumed.memory = crashed.memory;
    expect(await resumed.life().verdict).toMatchObject({ status: 'succeeded' });

    expect(resumed.codex.requests).toEqual(['initialize', 'thread', 'history', 'turn']);
    const prompt = resumed.codex.written.at(-1) ?? '';
    expect(prompt).not.toContain('do it');
    expect(prompt).toContain(`risoluto/${RUN}/1/1`);
  });

  it('and begins anew where Codex has no such thread', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('thread-lost')));
    run.memory = '{"threadId":"01a219e6-4d15-75b3-bbbb-bf99a0dc850c"}';

    expect(await run.life().verdict).toMatchObject({ status: 'succeeded' });

    expect(run.codex.requests).toEqual(['initialize', 'thread', 'thread-new', 'turn']);
    expect(run.codex.written.at(-1)).toContain('do it');
    expect(run.memory).not.toContain('01a219e6-4d15');
  });
});

describe('a turn of Codex is interrupted', () => {
  const limit: Interruption = { reason: 'token_limit', message: 'too much' };

  it('when it is stopped, through the protocol', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('interrupted')));
    const life = run.life();
    await expect.poll(() => run.controls).not.toBeNull();
    life.stop();

    expect(await life.verdict).toMatchObject({ status: 'failed', reason: 'interrupted' });
    expect(run.codex.requests.at(-1)).toBe('interrupt');
  });

  it('when it passes a limit, with that reason', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('interrupted')), {
      count: () => Promise.resolve(limit),
    });

    expect(await run.life().verdict).toEqual({ status: 'failed', ...limit });
  });

  it('before it begins, when the limit was passed before', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('work')), {
      allowance: () => Promise.resolve(limit),
    });

    expect(await run.life().verdict).toEqual({ status: 'failed', ...limit });
    expect(run.codex.requests).not.toContain('turn');
  });

  it('and ends without Codex where that does not answer', async () => {
    const silent = transcript('interrupted').filter((line) => !line.includes('turn/completed'));
    const run = new LedRun(new ScriptedCodex(silent), {}, { interruptGraceMs: 30 });
    const life = run.life();
    await expect.poll(() => run.controls).not.toBeNull();
    life.stop();

    expect(await life.verdict).toMatchObject({ status: 'failed', reason: 'interrupted' });
    expect(run.codex.requests.at(-1)).toBe('interrupt');
  });
});

describe('a silence of Codex', () => {
  it('is excused while a command of its own runs', async () => {
    const lines = transcript('interrupted');
    const busy = lines.findIndex((line) => line.includes('"commandExecution"')) + 1;
    const run = new LedRun(new ScriptedCodex(lines, busy));
    const life = run.life();

    await expect.poll(() => run.codex.holds).toBe(1);
    run.codex.goOn();
    life.stop();
    await life.verdict;
    expect(run.codex.holds).toBe(0);
  });

  it('is excused while a person is asked', async () => {
    let decide: (decision: 'deny') => void = () => undefined;
    const lines = transcript('denied');
    const asked = lines.findIndex((line) => line.includes('requestApproval')) + 1;
    const run = new LedRun(new ScriptedCodex(lines, asked), {
      decide: () => new Promise((resolve) => (decide = resolve)),
    });
    const { verdict } = run.life();

    await expect.poll(() => run.codex.holds).toBe(1);
    decide('deny');
    await expect.poll(() => run.codex.written.at(-1)).toContain('decline');
    run.codex.goOn();
    await verdict;
    expect(run.codex.holds).toBe(0);
  });

  it('is not excused otherwise', async () => {
    const lines = transcript('work');
    const run = new LedRun(new ScriptedCodex(lines, 8));
    const { verdict } = run.life();
    await expect.poll(() => run.codex.requests).toContain('turn');

    expect(run.codex.holds).toBe(0);
    run.codex.goOn();
    await verdict;
  });
});

describe('a person speaks to a turn', () => {
  it('and hears that Codex took it', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('steered')));
    const { verdict } = run.life();
    await expect.poll(() => run.controls).not.toBeNull();

    await run.controls?.steer('and also this');

    expect(await verdict).toMatchObject({ status: 'succeeded' });
    const steering = run.codex.written.filter((line) => line.includes('"turn/steer"'));
    expect(steering).toHaveLength(1);
    expect(steering[0]).toContain('and also this');
  });

  it('and is told when the turn ends first', async () => {
    const run = new LedRun(new ScriptedCodex(transcript('crashed')));
    const { verdict } = run.life();
    await expect.poll(() => run.controls).not.toBeNull();
    const steering = run.controls?.steer('too late');
    run.codex.die();

    await expect(steering).rejects.toMatchObject({ code: 'turn_not_steerable' });
    await verdict;
  });
});

describe('a service that takes Codex over', () => {
  const names = ['work', 'approved', 'denied', 'rate-limited', 'disconnected', 'silent-provider'];

  it('brings any turn to the same end, and sends no prompt twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.array(fc.nat(30), { maxLength: 3 }),
        async (name, cuts) => {
          const lines = transcript(name);
          const whole = await new LedRun(new ScriptedCodex(lines)).life().verdict;
          const [first = Number.POSITIVE_INFINITY] = cuts;
          const run = new LedRun(new ScriptedCodex(lines, first));
          for (const [index] of cuts.entries()) {
            const life = run.life(index > 0);
            // The service dies wherever it is once nothing more is printed.
            await new Promise((resolve) => setImmediate(resolve));
            life.leave();
            await life.verdict.catch(() => null);
            if (run.codex.requests.includes('turn') && index === cuts.length - 1) break;
          }
          run.codex.goOn();
          const verdict = await run.life(cuts.length > 0).verdict;

          expect(verdict).toEqual(whole);
          const prompts = run.codex.written.filter((line) => line.includes('"turn/start"'));
          expect(prompts).toHaveLength(1);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('asks the same questions again, by the same names', async () => {
    const lines = transcript('denied');
    const asked = lines.findIndex((line) => line.includes('requestApproval')) + 1;
    const never = () => new Promise<never>(() => undefined);
    const keys: string[] = [];
    const run = new LedRun(new ScriptedCodex(lines, asked), {
      decide: (_, { key }) => {
        keys.push(key);
        return keys.length === 1 ? never() : Promise.resolve('deny');
      },
    });
    const first = run.life();
    await expect.poll(() => keys.length).toBe(1);
    first.leave();
    await expect(first.verdict).rejects.toThrow('leaves');

    const second = run.life(true);
    await expect.poll(() => keys.length).toBe(2);
    run.codex.goOn();

    expect(await second.verdict).toMatchObject({ status: 'succeeded' });
    expect(keys[1]).toBe(keys[0]);
  });
});
