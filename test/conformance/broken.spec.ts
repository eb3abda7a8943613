import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startFiltered } from '../egress-gateway/sandboxes.js';
import { UNLIMITED } from '../runs/run-questions.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { others, runSuite, verdictOf, type SuiteRun } from './suite-run.js';

/** Lets everything through, as a profile of an operator’s could. */
const OPEN_PROFILE = JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW' });

const only = (...ids: string[]) => ids.flatMap((id) => ['--only', id]);

describe('risoluto conformance where controls are taken away', () => {
  let directory: string;
  let run: SuiteRun;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'risoluto-t-'));
    const seccompProfile = join(directory, 'open.json');
    writeFileSync(seccompProfile, OPEN_PROFILE);
    const security = { dropCapabilities: false, noNewPrivileges: false, seccompProfile };
    const extraMounts = [{ source: '/usr/share/doc', target: '/opt/host', readOnly: true }];
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
    service = await startFiltered({ sandbox: { egressAllowlist: ['allowed.test'] } });
  }, 120_000);
  afterAll(() => service?.stop());

  it('reports what got through', async () => {
    const instance = readFileSync(join(service.dataDir, 'instance-id'), 'utf8').trim();
    const tear = new AbortController();
    // The service repairs its fence; this is faster than it is.
    const tearing = (async () => {
      while (!tear.signal.aborted) {
        for (const family of ['inet', 'bridge']) {
          await world
            .onHost('nft', 'delete', 'table', family, `risoluto_${instance}`)
            .catch(() => undefined);
        }
        await sleep(20);
      }
    })();
    try {
      const run = await runSuite(service, only('N12', 'N13'));
      expect(run.code).toBe(1);
      expect(verdictOf(run, 'N12'), JSON.stringify(run.report.probes)).toBe('fail');
    } finally {
      tear.abort();
      await tearing;
    }
  }, 200_000);
});
