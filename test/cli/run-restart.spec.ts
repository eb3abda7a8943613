import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UNLIMITED } from '../runs/run-questions.js';
import { startService, type RunningService } from '../support/service.js';
import { CliProcess } from './risoluto.js';

const PATIENCE_MS = 180_000;
const LINES = 40;

let service: RunningService;
let env: Record<string, string>;
beforeAll(async () => {
  service = await startService({ yaml: UNLIMITED });
  env = { RISOLUTO_URL: service.url };
});
afterAll(() => service.stop());

function numbered(issue: string, lines = LINES): CliProcess {
  const script = `for n in $(seq ${lines}); do echo line $n; sleep 0.3; done; exit 7`;
  return new CliProcess(['run', '--issue', issue, '--', 'sh', '-c', script], { env });
}

const allLines = Array.from({ length: LINES }, (_, index) => `line ${index + 1}\n`).join('');

async function runsOf(issue: string): Promise<{ id: string; status: string }[]> {
  const { body } = await service.api('GET', `/api/v1/runs?issue=${issue}`);
  return body.items as { id: string; status: string }[];
}

describe('risoluto run, while the service is restarted', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'shows every line once and ends with the command’s code: %s',
    async (signal) => {
      const process = numbered(`AWAY-${signal}`);
      await process.untilShown('line 5\n');
      await service.restart(signal);
      await process.untilShown('line 15\n');
      await service.restart(signal);
      const { code, stdout } = await process.ended(120_000);
      expect(stdout.toString()).toBe(allLines);
      expect(code).toBe(7);
    },
    PATIENCE_MS,
  );

  it(
    'cancels as soon as the service is back, when Ctrl-C came while it was away',
    async () => {
      // Far longer than the service is away.
      const process = numbered('AWAY-CANCEL', 1000);
      await process.untilShown('line 3\n');
      await service.terminate('SIGKILL');
      await process.untilShown('cannot be reached');
      process.kill('SIGINT');
      await process.untilShown('cancelling run');
      await service.start();
      expect((await process.ended(90_000)).code).toBe(130);
      expect(await runsOf('AWAY-CANCEL')).toMatchObject([{ status: 'cancelled' }]);
    },
    PATIENCE_MS,
  );
});
