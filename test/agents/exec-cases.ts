import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { containersOf, filesWith } from '../runs/leftovers.js';
import { allEvents, followEvents, linesOf, outputOf } from '../runs/run-output.js';
import {
  auditOf,
  cancelRun,
  setSecret,
  showRun,
  untilPrinted,
  untilStatus,
} from '../runs/run-questions.js';
import { askTurn, awaitRun, keptRun, turnsOf, turnToEnd } from '../runs/turn-questions.js';
import { itAlike } from '../support/long-form.js';
import { watchPeak } from '../support/memory.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';
import { doneBy, settingsWithAgents, talker } from './exec-agents.js';

const SECRET = 'agents-s3cret/"value"';

/** What holds of agents under either runtime. */
export function agentCases(gvisor: boolean): void {
  let service: RunningService;
  const alike = itAlike(gvisor ? 'runsc' : 'runc');

  beforeAll(async () => {
    service = await startService({ yaml: settingsWithAgents(gvisor) });
    await setSecret(service, 'TOKEN', SECRET);
  });
  afterAll(() => service?.stop());

  const text = async (id: string, query = '') => {
    const accept = { headers: { accept: 'text/plain' } };
    return (await service.api('GET', `/api/v1/runs/${id}/output${query}`, accept)).text;
  };
  const done = async (id: string, ...types: string[]) =>
    doneBy(await outputOf(service, id), ...types);

  describe('a turn of an agent', () => {
    it('is led to its end, with what it did beside what it printed', async () => {
      const request = talker('TURN-1', 'say hello\nthere', 'stderr aside', 'prompt')
        .agent as object;
      const issue = 'TURN-1';
      const agent = { ...request, prompt: 'say hello\nstderr aside\nprompt' };
      const id = await createRun(service, { issue, agent });
      const run = await finishRun(service, id);
      expect(run).toMatchObject({
        status: 'succeeded',
        exitCode: 0,
        reason: null,
        agent,
        command: null,
        stderr: 'aside\n',
      });
      const lines = await outputOf(service, id);
      expect(doneBy(lines)).toEqual(['hello\n', 'turn 1 of TURN-1 with undefined\n']);
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
      expect(run.stdout.split('\n').filter((line) => line !== '')).toHaveLength(4);
      // Nothing orders its two streams.
      const shown = (await text(id)).split('\n').filter((line) => line !== '' && line !== 'aside');
      expect(shown).toEqual(['begun', 'hello', 'turn 1 of TURN-1 with undefined']);
      expect(await text(id)).toContain('aside\n');
      expect(await text(id, '?raw=true')).toContain('{"type":"message","text":"hello"}\n');
      const events = await allEvents(await followEvents(service, id));
      expect(linesOf(events)).toEqual(lines);
      expect(events.at(-1)).toMatchObject({ data: '{"status":"succeeded","exitCode":0}' });
      expect(await auditOf(service, id)).toEqual(['run.created', 'run.started', 'run.finished']);
      expect(await containersOf(service, id)).toEqual([]);
    });

    alike(
      'has its prompt as its whole input, or as an argument, and ends by its exit code',
      async () => {
        const agent = { kind: 'echo', prompt: "it's $HOME\n%s" };
        const said = await runToEnd(service, { issue: 'IN-1', agent });
        expect(said).toMatchObject({ status: 'succeeded', exitCode: 0 });
        const failed = await runToEnd(service, {
          issue: 'IN-1',
          agent: { kind: 'echo', prompt: 'fail', model: 'large' },
        });
        expect(failed).toMatchObject({ status: 'failed', exitCode: 5, reason: 'exit_code' });
        const usage = (await outputOf(service, failed.id)).find(
          (one) => one.event?.type === 'usage',
        );
        expect(usage?.event).toEqual({ type: 'usage', of: 'plain large' });
        const lines = await outputOf(service, said.id);
        expect(lines.some(({ event }) => event?.type === 'notice')).toBe(true);
      },
    );

    it('goes on in the next one with what it remembered', async () => {
      const id = await keptRun(service, talker('MEM-1', 'recall', 'remember one thing'));
      await turnToEnd(service, id, { prompt: 'recall\nsay in turn 2' });
      expect(await turnsOf(service, id)).toMatchObject([
        { number: 1, status: 'succeeded', command: null, prompt: 'recall\nremember one thing' },
        { number: 2, status: 'succeeded', command: null, prompt: 'recall\nsay in turn 2' },
      ]);
      expect(await done(id)).toEqual([
        'I remember null\n',
        'I remember one thing\n',
        'in turn 2\n',
      ]);
      const wrong = await askTurn(service, id, { command: ['true'] });
      expect([wrong.status, wrong.body.error.details[0].field]).toEqual([400, 'command']);
      await cancelRun(service, id);
      const commands = await keptRun(service, { issue: 'MEM-2', command: ['true'] });
      const other = await askTurn(service, commands, { prompt: 'say hello' });
      expect([other.status, other.body.error.details[0].field]).toEqual([400, 'prompt']);
      await cancelRun(service, commands);
    });

    alike('is read by the operator’s mapping, with the sessions of its program', async () => {
      const agent = { kind: 'sessions', prompt: 'do this' };
      const id = await keptRun(service, { issue: 'MAP-1', agent });
      expect(await turnToEnd(service, id, { prompt: 'and that' })).toMatchObject({
        status: 'succeeded',
      });
      expect(await turnToEnd(service, id, { prompt: 'something bad' })).toMatchObject({
        status: 'failed',
        reason: 'agent_failed',
      });
      expect(await done(id, 'message')).toEqual([
        'do this\n',
        'resume session-7 -- and that\n',
        'resume session-7 -- something bad\n',
      ]);
      expect(await done(id, 'error')).toEqual(['the model refused\n']);
      const command = (await outputOf(service, id)).find((one) => one.event?.type === 'command');
      expect(command).toMatchObject({ text: 'ls\n', event: { type: 'command', exitCode: 2 } });
      expect(await cancelRun(service, id)).toMatchObject({
        body: { status: 'failed', message: 'the model refused' },
      });
    });
  });

  describe('an agent that', () => {
    it('prints a line that the engine cuts is heard at once', async () => {
      const lengths = [16_384, 30_000, 2 * 16_384 - '{"type":"message","text":""}'.length];
      const words = lengths.flatMap((length) => [`long ${length}`, 'stderr .']);
      const id = await createRun(service, talker('CUT-1', 'say first', ...words, 'wait'));
      const text = `first\n${lengths.map((length) => `${'x'.repeat(length)}\n`).join('')}`;
      await expect
        .poll(async () => (await done(id)).join(''), { timeout: 20_000, interval: 200 })
        .toBe(text);
      await cancelRun(service, id);
      expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
      expect(await done(id, 'notice')).toEqual(['begun\n']);
    });

    alike('is cancelled is asked first, and signalled where it does not heed', async () => {
      const id = await createRun(service, talker('STOP-1', 'say up', 'wait'));
      const deaf = await createRun(service, talker('STOP-2', 'say up', 'never-end'));
      await untilPrinted(service, id, 'up');
      await cancelRun(service, id);
      expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
      expect(await done(id)).toEqual(['up\n', 'interrupted\n']);
      await untilPrinted(service, deaf, 'up');
      await cancelRun(service, deaf);
      expect(await finishRun(service, deaf)).toMatchObject({ status: 'cancelled' });
      expect(await containersOf(service)).toEqual([]);
    });

    alike('takes too long, or prints nothing for too long, is ended', async () => {
      const busy = { ...talker('STOP-3', 'ticks'), timeoutSeconds: 3 };
      const [timed, stalled] = await Promise.all([
        runToEnd(service, busy),
        runToEnd(service, talker('STOP-4', 'say up', 'wait')),
      ]);
      expect(timed).toMatchObject({ status: 'timed_out', reason: 'timeout' });
      expect(stalled).toMatchObject({ status: 'failed', reason: 'agent_stalled' });
      expect(await done(stalled.id)).toEqual(['up\n', 'interrupted\n']);
    });

    it('breaks off is started again with what it remembered, as often as it may be', async () => {
      const id = await createRun(service, talker('AGAIN-1', 'say hello', 'die-once 9'));
      expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded', exitCode: 0 });
      expect(await done(id)).toEqual([
        'hello\n',
        'hello\n',
        'alive again with where it broke off\n',
      ]);
      expect(await auditOf(service, id)).toEqual([
        'run.created',
        'run.started',
        'run.turn_restarted',
        'run.finished',
      ]);
      const twice = await runToEnd(service, talker('AGAIN-2', 'remember me', 'die 7'));
      expect(twice).toMatchObject({ status: 'failed', exitCode: 7, reason: 'exit_code' });
      expect(twice).toMatchObject({ message: 'The agent ended with 7. It was started 2 times.' });
      const never = await runToEnd(service, talker('AGAIN-3', 'die 7'));
      expect(never).toMatchObject({ status: 'failed', message: 'The agent ended with 7.' });
      const agent = { kind: 'sessions', prompt: 'break' };
      const session = await runToEnd(service, { issue: 'AGAIN-4', agent });
      expect(session).toMatchObject({ status: 'succeeded' });
      expect(await containersOf(service)).toEqual([]);
    });

    alike('prints a line without end, or what is no line of an agent, goes on', async () => {
      const peak = await watchPeak(service.pid);
      const id = await createRun(
        service,
        talker('LONG-1', 'endless 20', 'raw [1,2]', 'deep 200000', 'say after'),
      );
      expect(await finishRun(service, id)).toMatchObject({ status: 'succeeded' });
      const lines = await outputOf(service, id);
      expect(doneBy(lines)).toEqual(['after\n']);
      expect(doneBy(lines, 'notice')).toEqual([
        'begun\n',
        `A line of ${20 * 1024 ** 2} bytes was left out.\n`,
        'A line that is no JSON object: [1,2]\n',
        expect.stringMatching(/^A line of JSON that is nested too deeply: /),
      ]);
      expect(await peak.growthBytes()).toBeLessThan(150 * 1024 ** 2);
    });

    it('prints a secret shows it nowhere', async () => {
      const body = { ...talker('MASK-1', 'secret', 'remember-secret'), secrets: ['TOKEN'] };
      const { id, stdout, stderr } = await runToEnd(service, body);
      const lines = await outputOf(service, id);
      const tool = lines.find(({ event }) => event?.type === 'tool');
      expect(tool).toMatchObject({ text: 'it is ***\n' });
      expect(tool?.event).toEqual({ type: 'tool', value: '***', '***': [{ in: '<***>' }] });
      expect(doneBy(lines, 'notice')).toEqual([
        'begun\n',
        'A line that is no JSON object: not JSON: ***\n',
        'What the agent would remember is not kept: it holds the value of a secret.\n',
      ]);
      expect([stdout, stderr].join('')).not.toContain('s3cret');
      expect(await filesWith(service, 's3cret')).toEqual([]);
      expect(service.logs()).not.toContain('s3cret');
      const kept = await queryStored(service.dataDir, `SELECT * FROM agent_runs`);
      expect(JSON.stringify(kept)).not.toContain('s3cret');
    });

    it('nobody knows is refused, and so is one beside a command', async () => {
      const ask = async (body: object) => {
        const { status, body: answer } = await service.api('POST', '/api/v1/runs', {
          body: { issue: 'NO-1', ...body },
        });
        const { code, message, details = [] } = answer.error;
        return [status, code, details[0]?.field, message];
      };
      const prompt = 'say hello';
      expect(await ask({ agent: { kind: 'codexx', prompt } })).toEqual([
        422,
        'agent_unknown',
        'agent.kind',
        expect.stringMatching(/there are: .*echo, sessions, talker$/),
      ]);
      expect(await ask({ agent: { kind: 'talker', prompt }, command: ['true'] })).toEqual([
        400,
        'validation_failed',
        'agent',
        expect.any(String),
      ]);
      expect(await ask({ agent: { kind: 'talker', prompt, model: 'large' } })).toEqual([
        400,
        'validation_failed',
        'agent.model',
        expect.any(String),
      ]);
    });
  });

  alike('such an agent is not told to shorten its conversation', async () => {
    const id = await keptRun(service, talker('COMPACT-1', 'say up'));
    const { status, body } = await service.api('POST', `/api/v1/runs/${id}/compact`);
    expect([status, body.error.code]).toEqual([422, 'compaction_unsupported']);
    expect(body.error.message).toContain('talker');
    await cancelRun(service, id);
  });

  describe('when the service is killed or stopped in the middle of a turn', () => {
    it('the agent goes on, and is spoken to again, with each of its events once', async () => {
      const id = await createRun(service, {
        ...talker('KILL-1', 'remember it', 'ticks'),
        secrets: ['TOKEN'],
      });
      await untilPrinted(service, id, 'tick 5');
      for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
        await service.restart(signal);
        const printed = (await done(id)).length;
        await untilPrinted(service, id, `tick ${printed + 20}\n`);
      }
      expect(await containersOf(service, id)).toHaveLength(1);
      await cancelRun(service, id);
      expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
      const lines = await outputOf(service, id);
      const said = doneBy(lines);
      expect(said.at(-1)).toBe('interrupted\n');
      expect(said.slice(0, -1)).toEqual(said.slice(0, -1).map((_, n) => `tick ${n + 1}\n`));
      expect(doneBy(lines, 'notice')).toEqual(['begun\n']);
      const raw = lines.filter(({ stream }) => stream === 'stdout').map((line) => line.text);
      const numbers = [...raw.join('').matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n));
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));
    });

    alike('an agent that ended meanwhile has ended as it did', async () => {
      const id = await createRun(service, talker('KILL-2', 'say up', 'stderr x', 'wait'));
      const dying = await createRun(service, talker('KILL-3', 'say up', 'die-once 3'));
      await untilPrinted(service, id, 'up');
      await untilPrinted(service, dying, 'up');
      await service.kill9();
      await service.start();
      expect(await finishRun(service, dying)).toMatchObject({ status: 'succeeded' });
      expect((await done(dying)).filter((one) => one.startsWith('alive'))).toHaveLength(1);
      expect(await finishRun(service, id)).toMatchObject({ reason: 'agent_stalled' });
    });

    it('one that has lost its container is started again, and so is a further turn', async () => {
      const id = await keptRun(service, talker('KILL-4', 'remember it'));
      await askTurn(service, id, { prompt: 'recall\nstderr up\nticks' });
      await untilPrinted(service, id, 'tick 3');
      await service.kill9();
      const { engine } = await import('../support/engine.js');
      const [container = ''] = await containersOf(service, id);
      await engine().getContainer(container).remove({ force: true });
      await service.start();
      await untilStatus(service, id, 'running');
      await expect
        .poll(async () => (await done(id)).filter((one) => one === 'I remember it\n').length, {
          timeout: 30_000,
        })
        .toBe(2);
      expect(await auditOf(service, id)).toContain('run.turn_restarted');
      await cancelRun(service, id);
      expect(await awaitRun(service, id)).toMatchObject({ status: 'cancelled', turn: 2 });
      expect(await showRun(service, id)).toMatchObject({ reason: 'cancelled' });
    });
  });
}
