import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sh, UNLIMITED } from '../runs/run-questions.js';
import { runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';

const PINNED = JSON.parse(
  readFileSync(new URL('../../scripts/image/codex.json', import.meta.url), 'utf8'),
) as { version: string };

describe.each([false, true])('Codex in the sandbox image, gVisor: %s', (gvisor) => {
  let service: RunningService;
  beforeAll(async () => {
    const sandbox = { security: { gvisor } };
    service = await startService({ yaml: { ...UNLIMITED, codex: { sandbox } } });
  });
  afterAll(() => service?.stop());

  it('is the pinned release, starts in a sandbox and belongs to root', async () => {
    const script = 'set -e; codex --version; find "$(command -v codex)" -printf "%u %m %y %p\\n"';
    const run = await runToEnd(service, { issue: 'CODEX-1', command: sh(script) });
    expect(run).toMatchObject({ status: 'succeeded', exitCode: 0 });
    expect(run.stdout.split('\n')).toEqual([
      `codex-cli ${PINNED.version}`,
      'root 755 f /usr/local/bin/codex',
      '',
    ]);
  });
});
