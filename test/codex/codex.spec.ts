import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RUNTIMES } from '../egress-gateway/sandboxes.js';
import { newTokenCanary } from '../leaks/canaries.js';
import type { ModelProvider } from '../support/model-provider/model-provider.js';
import {
  functionCall,
  patchCall,
  reasoning,
  reply,
  says,
} from '../support/model-provider/model-reply.js';
import { startWorldProvider } from '../support/model-provider/world-provider.js';
import { runToEnd } from '../support/runs.js';
import type { RunningService } from '../support/service.js';
import { codexRun, eventsOf, startCodexService } from './codex-service.js';

const KEY = newTokenCanary('model');

describe.each(RUNTIMES)('Codex in a sandbox, %s', (runtime) => {
  let provider: ModelProvider;
  let service: RunningService;
  beforeAll(async () => {
    provider = await startWorldProvider();
    service = await startCodexService(KEY, { runtime });
  });
  afterAll(async () => {
    await service?.stop();
    await provider?.close();
  });

  it('runs a command, changes a file and answers', async () => {
    provider.script(
      'WORK-MARK',
      reply([
        reasoning('Looking first.'),
        functionCall('exec_command', { cmd: 'echo hi; exit 3' }),
      ]),
      reply([patchCall('*** Begin Patch\n*** Add File: made.txt\n+by codex\n*** End Patch')]),
      says('All done.', { input: 100, cached: 40, output: 20 }),
    );

    const run = await runToEnd(service, codexRun('CDX-1', 'WORK-MARK please'));

    expect(run, service.logs()).toMatchObject({ status: 'succeeded', reason: null });
    const events = await eventsOf(service, run.id);
    console.log(events.map(({ event, text }) => `${event.type}: ${text}`));
    console.log(run.stderr);
    expect(provider.asked('WORK-MARK')).toHaveLength(3);
    expect(provider.asked('WORK-MARK')[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });
});
