import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine } from '../support/engine.js';
import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { containersOf } from './leftovers.js';
import { cancelRun, setSecret, sh, UNLIMITED, untilPrinted } from './run-questions.js';

const MiB = 1024 * 1024;
const SECRET = 'report-s3cret-value';
const ENV_VALUE = 'report-env-value';
const PASSED = 'report-passed-value';

interface Report {
  controls: { name: string; value: unknown; source: string }[];
  dockerRun: string[];
  image: { reference: string; id: string };
}

let service: RunningService;

beforeAll(async () => {
  service = await startService({
    env: { PASSED_ON: PASSED },
    yaml: {
      ...UNLIMITED,
      codex: {
        sandbox: { envPassthrough: ['PASSED_ON'], resources: { memory: '512m', pids: 200 } },
      },
    },
  });
  await setSecret(service, 'NAMED', SECRET);
});
afterAll(() => service.stop());

async function reportOf(id: string): Promise<Report> {
  const answer = await service.api('GET', `/api/v1/runs/${id}/sandbox`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Report;
}

describe('the report of a sandbox', () => {
  it('says what the engine says, who decided it, and holds no value', async () => {
    const id = await createRun(service, {
      issue: 'REP-1',
      env: { VISIBLE: ENV_VALUE },
      secrets: ['NAMED'],
      policy: { resources: { memory: 256 * MiB } },
      timeoutSeconds: 40,
      command: sh('echo up; touch /workspace/x /tmp/x "$HOME/x"; touch /x; sleep 60'),
    });
    await untilPrinted(service, id, 'up');
    const [container = ''] = await containersOf(service, id);
    const [report, inspection, changes] = await Promise.all([
      reportOf(id),
      engine().getContainer(container).inspect(),
      engine().getContainer(container).changes() as Promise<unknown>,
    ]);
    const { HostConfig: host, Config: config } = inspection;
    const control = (name: string) => report.controls.find((one) => one.name === name);

    expect(control('resources.memory')).toMatchObject({
      value: host.Memory,
      source: 'request',
    });
    expect(host.Memory).toBe(256 * MiB);
    expect(control('resources.pids')).toMatchObject({ value: host.PidsLimit, source: 'config' });
    expect(host.PidsLimit).toBe(200);
    expect(control('resources.cpus')).toMatchObject({
      value: host.NanoCpus! / 1e9,
      source: 'default',
    });
    expect(control('timeoutSeconds')).toMatchObject({ value: 40, source: 'request' });
    expect(control('user')).toMatchObject({ value: config.User, source: 'always' });
    expect(config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(control('readOnlyRootfs')).toMatchObject({ value: host.ReadonlyRootfs });
    expect(host.ReadonlyRootfs).toBe(true);
    expect(control('security.dropCapabilities')?.value).toEqual(host.CapDrop);
    expect(host.CapDrop).toEqual(['ALL']);
    expect(control('security.noNewPrivileges')).toMatchObject({ value: true, source: 'default' });
    expect(host.SecurityOpt).toContain('no-new-privileges');
    expect(control('network')).toMatchObject({ value: service.network, source: 'config' });
    expect(Object.keys(inspection.NetworkSettings.Networks)).toEqual([service.network]);
    expect(control('turnSandboxPolicy.networkAccess')).toMatchObject({ value: false });
    expect(control('privileged')).toMatchObject({ value: host.Privileged, source: 'always' });
    expect(control('restartPolicy')).toMatchObject({ value: 'no', source: 'always' });
    expect(report.image).toMatchObject({ id: inspection.Image });
    expect(inspection.Image).toMatch(/^sha256:[0-9a-f]{64}$/);

    expect(report.dockerRun.slice(0, 2)).toEqual(['docker', 'run']);
    expect(report.dockerRun).toEqual(
      expect.arrayContaining([
        '--read-only',
        '--cap-drop=ALL',
        '--security-opt=no-new-privileges',
        `--memory=${host.Memory}`,
        `--pids-limit=${host.PidsLimit}`,
        `--user=${config.User}`,
        `--network=${service.network}`,
      ]),
    );
    for (const text of [SECRET, ENV_VALUE, PASSED]) {
      expect(JSON.stringify(report)).not.toContain(text);
      expect(JSON.stringify(inspection)).not.toContain(text);
    }
    expect(JSON.stringify(inspection)).not.toContain('VISIBLE');

    // Nothing is written where the image is: the engine says `null`, which its client hands on as bytes.
    expect(String(changes).trim()).toBe('null');

    await cancelRun(service, id);
    expect(await finishRun(service, id)).toMatchObject({ status: 'cancelled' });
    expect(await reportOf(id)).toEqual(report);
  });

  it('stays with the run, and the same container can be made from it', async () => {
    const { id } = await runToEnd(service, { issue: 'REP-2', command: ['true'] });
    const { dockerRun } = await reportOf(id);
    expect(dockerRun.at(-1)).toBe('-s');
    expect(dockerRun.filter((word) => !word.startsWith('-')).slice(0, 2)).toEqual([
      'docker',
      'run',
    ]);
  });

  it('is not there before the sandbox is, nor for a run that never had one', async () => {
    const first = await createRun(service, { issue: 'REP-3', command: sh('echo up; sleep 30') });
    const waiting = await createRun(service, { issue: 'REP-3', command: ['true'] });
    const early = await service.api('GET', `/api/v1/runs/${waiting}/sandbox`);
    expect([early.status, early.body.error.code]).toEqual([409, 'sandbox_not_ready']);
    await cancelRun(service, waiting);
    const never = await service.api('GET', `/api/v1/runs/${waiting}/sandbox`);
    expect([never.status, never.body.error.code]).toEqual([409, 'sandbox_not_ready']);
    await cancelRun(service, first);
    await finishRun(service, first);
    const unknown = await service.api('GET', '/api/v1/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV/sandbox');
    expect([unknown.status, unknown.body.error.code]).toEqual([404, 'run_not_found']);
  });
});
