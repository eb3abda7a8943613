import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { UNLIMITED } from '../runs/run-questions.js';
import { engine } from '../support/engine.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { others, runSuite, verdictOf, type SuiteRun } from './suite-run.js';

/** Lets all through but one call that nobody needs, as a profile of an operator’s could. */
const OPEN_PROFILE = JSON.stringify({
  defaultAction: 'SCMP_ACT_ALLOW',
  syscalls: [{ names: ['acct'], action: 'SCMP_ACT_ERRNO' }],
});

const only = (...ids: string[]) => ids.flatMap((id) => ['--only', id]);

describe('risoluto conformance where controls are taken away', () => {
  let directory: string;
  let run: SuiteRun;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'risoluto-t-'));
    const seccompProfile = join(directory, 'open.json');
    writeFileSync(seccompProfile, OPEN_PROFILE);
    const security = { dropCapabilities: false, noNewPrivileges: false, seccompProfile };
    const extraMounts = [{ source: directory, target: '/opt/host', readOnly: true }];
    const service = await startService({
      yaml: { ...UNLIMITED, codex: { sandbox: { security, extraMounts } } },
    });
    try {
      run = await runSuite(service, only('P1', 'P2', 'P4', 'P7', 'F1', 'F7'));
    } finally {
      await service.stop();
    }
  }, 240_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('fails, names what was found, and ends with 1', () => {
    expect([run.code, run.report.ok]).toEqual([1, false]);
    expect(others(run, 'pass')).toEqual([
      expect.stringMatching(/^P1 fail: CapBnd is [0-9a-f]*[1-9a-f]/),
      'P2 fail: NoNewPrivs is 0',
      expect.stringMatching(/^P7 fail: .*unshare\(CLONE_NEWUSER\) is let through/),
    ]);
    // What was not taken away holds, and a mount that the operator chose is no finding.
    for (const id of ['P4', 'F1', 'F7']) expect(verdictOf(run, id), id).toBe('pass');
    expect(run.report.counts).toMatchObject({ fail: 3, inconclusive: 0, pass: 3 });
  });
});

describe('risoluto conformance where the fence is torn down', () => {
  let service: RunningService;

  beforeAll(async () => {
    // The other sandbox, and one at a time beside it: the fence is whole when each starts.
    service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 2 } } });
  }, 120_000);
  afterAll(() => service?.stop());

  it('reports what got through, and what is whole again', async () => {
    const instance = readFileSync(join(service.dataDir, 'instance-id'), 'utf8').trim();
    const filters = { event: ['start'], label: [`risoluto.instance=${instance}`] };
    const starts = (await engine().getEvents({ filters })) as Readable;
    const tear = (family: string) =>
      world.onHost('nft', 'delete', 'table', family, `risoluto_${instance}`).catch(() => '');
    starts.on('data', () => void Promise.all(['inet', 'bridge'].map(tear)));
    const torn = await runSuite(service, only('N12'));
    starts.destroy();
    expect(torn.code).toBe(1);
    const [finding] = torn.report.probes;
    expect(finding?.verdict, finding?.detail).toBe('fail');
    expect(finding?.detail).toMatch(/was reached: |The listener heard /);
    const whole = await runSuite(service, only('N12'));
    expect(others(whole, 'pass')).toEqual([]);
  }, 200_000);
});
