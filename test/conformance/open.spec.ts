import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CliProcess, risoluto } from '../cli/risoluto.js';
import { UNLIMITED } from '../runs/run-questions.js';
import { expectNoRemains } from '../support/remains.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import {
  casesIn,
  containersLabelled,
  others,
  runSuite,
  suiteEnv,
  verdictOf,
  type SuiteRun,
} from './suite-run.js';

const METADATA = '169.254.169.254';

describe('risoluto conformance, default policy', () => {
  let service: RunningService;
  let directory: string;
  let run: SuiteRun;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'risoluto-t-'));
    service = await startService({ yaml: { ...UNLIMITED, runs: { maxConcurrent: 4 } } });
    await world.clear();
    run = await runSuite(service, ['--junit', join(directory, 'junit.xml')]);
  }, 240_000);
  afterAll(async () => {
    await service?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('finds nothing wrong, and says what was not tried', () => {
    expect(others(run, 'pass', 'not_applicable', 'warn')).toEqual([]);
    expect([run.code, run.report.ok]).toEqual([0, true]);
    const ids = run.report.probes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const numbers = { P: 9, F: 12, S: 6, N: 21, R: 8, L: 6 };
    for (const [letter, count] of Object.entries(numbers)) {
      const wanted = Array.from({ length: count }, (_, n) => `${letter}${n + 1}`);
      expect(ids).toEqual(expect.arrayContaining(wanted));
    }
  });

  it('passes what holds for every sandbox, and reports what Docker’s profile lets through', () => {
    const without = ['P5', 'S5', 'S6', 'L2', 'L3', 'L6', 'N17', 'N20', 'N21'];
    const gateway = ['N1', 'N2', 'N6', 'N7', 'N8', 'N9', 'N10', 'N15', 'N16', 'N18', 'N19'];
    const notTried = run.report.probes.filter(({ verdict }) => verdict === 'not_applicable');
    const expected = [...without, ...gateway];
    expect(notTried.map(({ id }) => id).filter((id) => !expected.includes(id))).toEqual([]);
    for (const id of gateway) expect(verdictOf(run, id), id).toBe('not_applicable');
    const systemCalls = run.report.probes.find(({ id }) => id === 'P7');
    expect(systemCalls).toMatchObject({
      verdict: 'warn',
      detail: expect.stringContaining('io_uring_setup is let through'),
      remedy: expect.stringContaining('seccompProfile'),
    });
  });

  it('sends nothing beyond the host', async () => {
    const arrived = (await world.arrivals()).map(({ to }) => to);
    for (const never of [METADATA, '1.1.1.1', '8.8.8.8', '93.184.216.34']) {
      expect(arrived).not.toContain(never);
    }
    expect(world.askedNames().filter((name) => name.endsWith('example.com'))).toEqual([]);
    expect(world.askedNames('loopback').filter((name) => name.endsWith('example.com'))).toEqual([]);
  });

  it('takes back what it started', async () => {
    const [workspaces, secrets] = await Promise.all([
      service.api('GET', '/api/v1/workspaces'),
      service.api('GET', '/api/v1/secrets'),
    ]);
    expect(workspaces.body.items).toEqual([]);
    expect(secrets.body.keys).toEqual([]);
    expect(await containersLabelled('risoluto.conformance')).toEqual([]);
    expect(run.stderr).toBe('');
  });

  it('writes the same as JUnit XML', () => {
    const { probes, counts } = run.report;
    const xml = readFileSync(join(directory, 'junit.xml'), 'utf8');
    expect(casesIn(xml)).toEqual(
      probes.map(({ id, title, verdict }) => {
        const skipped = verdict === 'not_applicable' ? 'skipped' : 'system-out';
        return { name: `${id} ${title}`, outcome: skipped };
      }),
    );
    expect(xml).toContain(
      `tests="${probes.length}" failures="0" errors="0" skipped="${counts.not_applicable}"`,
    );
  });

  it('prints a table, and XML alone where that is asked for', async () => {
    const env = suiteEnv(service);
    const table = await risoluto(['conformance', '--only', 'P1', '--only', 'L2'], { env });
    expect(table.code, table.stderr).toBe(0);
    expect(table.stdout).toMatch(/^PRIVILEGE\n {2}P1 +pass +No capability in any set\n/);
    expect(table.stdout).toMatch(/\n {2}L2 +n\/a +.*\n +it would stop the service/);
    expect(table.stdout).toMatch(
      /\n0 failed, 0 inconclusive, 0 warned, 1 passed, 1 not applicable\n$/,
    );
    const junit = await risoluto(['conformance', '--only', 'P1', '--junit', '-'], { env });
    expect(junit.stdout).toMatch(/^<\?xml /);
    expect(casesIn(junit.stdout)).toEqual([
      { name: 'P1 No capability in any set', outcome: 'system-out' },
    ]);
  });

  it('never passes what it has no positive control for', async () => {
    const args = ['--only', 'P1', '--only', 'P7', '--only', 'F1', '--only', 'N3', '--only', 'S3'];
    const blind = await runSuite(service, args, { DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    expect(others(blind, 'not_applicable')).toEqual([]);
    expect(blind.report.probes[0]?.detail).toContain('the engine’s socket cannot be used');
    expect(blind.code).toBe(0);
  });

  it('leaves the network out where that is asked for, and refuses what it does not know', async () => {
    const quiet = await runSuite(service, ['--no-network-probes', '--only', 'N3', '--only', 'P4']);
    expect([verdictOf(quiet, 'N3'), verdictOf(quiet, 'P4')]).toEqual(['not_applicable', 'pass']);
    const env = suiteEnv(service);
    const unknown = await risoluto(['conformance', '--only', 'P99'], { env });
    expect([unknown.code, unknown.stderr]).toEqual([120, expect.stringContaining('P99')]);
  });

  it('an interruption takes everything back', async () => {
    const command = new CliProcess(['conformance', '--only', 'L1'], { env: suiteEnv(service) });
    await expect
      .poll(
        async () => (await service.api('GET', '/api/v1/runs?status=running')).body.items.length,
        {
          timeout: 30_000,
        },
      )
      .toBe(1);
    command.kill('SIGINT');
    const { code } = await command.ended();
    expect(code).toBe(130);
    const running = await service.api('GET', '/api/v1/runs?status=running');
    expect(running.body.items).toEqual([]);
    expect((await service.api('GET', '/api/v1/workspaces')).body.items).toEqual([]);
  });

  // Last, since the service empties directories that are removed one after the other.
  // oxlint-disable-next-line vitest/expect-expect -- it expects nothing to be there
  it('leaves nothing', () => expectNoRemains(service));
});
