import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RUNTIMES } from '../egress-gateway/sandboxes.js';
import { leaksBelow, leaksIn, leaksInProcesses, newTokenCanary } from '../leaks/canaries.js';
import { awaitRun, keptRun, turnToEnd } from '../runs/turn-questions.js';
import { itAlike } from '../support/long-form.js';
import type { ModelProvider } from '../support/model-provider/model-provider.js';
import { patchCall, reasoning, reply, runs, says } from '../support/model-provider/model-reply.js';
import { startWorldProvider } from '../support/model-provider/world-provider.js';
import { runToEnd } from '../support/runs.js';
import type { RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { codexRun, eventsOf, historyIn, startCodexService } from './codex-service.js';

const KEY = newTokenCanary('model');
const PROBE = newTokenCanary('probe');

/** All that a command can look through for a key. */
const LOOK_FOR_KEYS =
  'env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n"; ' +
  'grep -rhs . /home/agent /tmp --include="*.toml" --include="*.json*" | cut -c1-500 | tail -n 60';

describe.each(RUNTIMES)('Codex in a sandbox, %s', (runtime) => {
  const alike = itAlike(runtime);
  let provider: ModelProvider;
  let service: RunningService;
  beforeAll(async () => {
    provider = await startWorldProvider();
    service = await startCodexService(KEY, { runtime });
    await service.api('PUT', '/api/v1/secrets/PROBE', { body: { value: PROBE } });
  });
  afterAll(async () => {
    await service?.stop();
    await provider?.close();
  });

  it('runs a command, changes a file and answers', async () => {
    provider.script(
      'WORK-MARK',
      reply([reasoning('Looking first.'), ...runs('echo hi; exit 3').items]),
      reply([patchCall('*** Begin Patch\n*** Add File: made.txt\n+by codex\n*** End Patch')]),
      says('All done.', { input: 100, cached: 40, output: 20 }),
    );

    const run = await runToEnd(service, codexRun('CDX-1', 'WORK-MARK please'));

    expect(run, service.logs()).toMatchObject({ status: 'succeeded', reason: null });
    const events = await eventsOf(service, run.id);
    expect(events.map(({ event, text }) => `${event.type}: ${text}`)).toEqual([
      'reasoning: Looking first.\n',
      "command: $ /bin/bash -lc 'echo hi; exit 3'\nhi\n",
      'usage: 0 tokens in, 0 out\n',
      'file_change: add /workspace/made.txt\n',
      'usage: 0 tokens in, 0 out\n',
      'message: All done.\n',
      'usage: 100 tokens in, 20 out\n',
    ]);
    expect(events[1]?.event).toMatchObject({ exitCode: 3, status: 'failed' });
    const asked = provider.asked('WORK-MARK');
    expect(asked).toHaveLength(3);
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(
      Array.from({ length: 3 }, () => `Bearer ${KEY}`),
    );
    const shown = await service.api('GET', `/api/v1/runs/${run.id}`);
    expect(shown.body.usage).toEqual({
      inputTokens: 100,
      cachedInputTokens: 40,
      outputTokens: 20,
      reasoningOutputTokens: 0,
      cost: null,
    });
    const made = await runToEnd(service, { issue: 'CDX-1', command: ['cat', 'made.txt'] });
    expect(made.stdout).toBe('by codex\n');
  });

  it('finds no key of the provider anywhere, where it finds a secret that the run names', async () => {
    provider.script('LOOK-MARK', runs(LOOK_FOR_KEYS), says('Looked.'));

    const run = await runToEnd(
      service,
      codexRun('CDX-2', 'LOOK-MARK please', { secrets: { PROBE: 'PROBE' } }),
    );

    expect(run).toMatchObject({ status: 'succeeded' });
    const [, found] = provider.asked('LOOK-MARK');
    const sent = found?.body ?? '';
    expect(leaksIn(sent, { probe: PROBE })).not.toEqual([]);
    expect(sent).toContain('CODEX_MODEL_KEY=held-by-risoluto');
    expect(leaksIn(sent, { key: KEY })).toEqual([]);
    const places = ['', '/output', '/output?raw=true', '/egress', '/sandbox', '/approvals'];
    for (const place of places) {
      const answer = await service.api('GET', `/api/v1/runs/${run.id}${place}`);
      expect(answer.status, place).toBe(200);
      expect(leaksIn(answer.text, { key: KEY, probe: PROBE }), place).toEqual([]);
    }
  });

  alike('shows the key in no place of the machine while it works', async () => {
    provider.script('BUSY-MARK', runs('echo begun; sleep 5'), says('Slept.'));
    const id = (await service.api('POST', '/api/v1/runs', { body: codexRun('CDX-3', 'BUSY-MARK') }))
      .body.id as string;
    await provider.awaited('BUSY-MARK', 1);

    expect(await leaksInProcesses({ key: KEY }, () => false)).toEqual([]);
    expect(await leaksBelow(service.dataDir, { key: KEY })).toEqual([]);
    expect(await leaksBelow(service.workspacesDir, { key: KEY })).toEqual([]);
    expect(leaksIn(service.logs(), { key: KEY })).toEqual([]);
    expect(await awaitRun(service, id)).toMatchObject({ status: 'succeeded' });
  });

  it('reaches neither metadata nor anything but its provider', async () => {
    await world.clear();
    const curl = 'curl -s --max-time 3';
    provider.script(
      'NET-MARK',
      runs(
        `${curl} http://169.254.169.254/latest/ || echo no-metadata; ` +
          `${curl} http://other.test/ || echo no-internet; ` +
          `${curl} -o /dev/null -w '%{http_code}' $RISOLUTO_ROUTE_MODEL/models`,
      ),
      says('Tried.'),
    );

    const run = await runToEnd(service, codexRun('CDX-4', 'NET-MARK please'));

    expect(run).toMatchObject({ status: 'succeeded' });
    const [, tried] = provider.asked('NET-MARK');
    expect(tried?.body).toContain('no-metadata\\nno-internet\\n404');
    expect(provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${KEY}`);
    const arrived = (await world.arrivals()).filter(({ port }) => port !== 53 && port !== 41_000);
    expect(arrived).toEqual([]);
  });

  it('can not write where its policy forbids it, whatever it believes', async () => {
    const write = 'touch /workspace/forbidden || echo refused; touch /tmp/allowed && echo written';
    provider.script('READ-MARK', runs(write), says('Tried.'));
    const policy = { turnSandboxPolicy: { type: 'readOnly' } };

    const run = await runToEnd(service, codexRun('CDX-5', 'READ-MARK please', { policy }));

    expect(run).toMatchObject({ status: 'succeeded' });
    const [asked, tried] = provider.asked('READ-MARK');
    expect(tried?.body).toContain('Read-only file system\\nrefused\\nwritten');
    expect(asked?.body).toContain('\\"sandbox\\":\\"external\\"');
  });

  alike('goes on with its thread in the next turn of a kept run', async () => {
    provider.script('FIRST-MARK', says('The word is heron.'));
    provider.script('SECOND-MARK', says('It was heron.'));
    const id = await keptRun(service, codexRun('CDX-6', 'FIRST-MARK please'));

    const turn = await turnToEnd(service, id, { prompt: 'SECOND-MARK please' });

    expect(turn).toMatchObject({ number: 2, status: 'succeeded' });
    expect(historyIn(provider.asked('SECOND-MARK').at(-1))).toEqual([
      'user: FIRST-MARK please',
      'assistant: The word is heron.',
      'user: SECOND-MARK please',
    ]);
  });
});
