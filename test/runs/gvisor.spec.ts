import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { diffOf, filesIn, IDENTITY, runtimeOfDiff, worked } from './diff-questions.js';
import { containersOf } from './leftovers.js';
import { allEvents, followEvents, linesOf } from './run-output.js';
import { cancelRun, setSecret, sh, UNLIMITED, untilPrinted } from './run-questions.js';

const MiB = 1024 * 1024;
const SECRET = 'gvisor-s3cret-value';

let service: RunningService;

beforeAll(async () => {
  service = await startService({
    yaml: {
      ...UNLIMITED,
      runs: { maxConcurrent: 4 },
      codex: { sandbox: { security: { gvisor: true } } },
    },
  });
  await setSecret(service, 'NAMED', SECRET);
});
afterAll(() => service.stop());

describe('under gVisor', () => {
  it('runs end as they end, with their output and their environment', async () => {
    const [proof, code, missing, secret, threads] = await Promise.all([
      runToEnd(service, { issue: 'GV-1', command: ['cat', '/proc/version'] }),
      runToEnd(service, { issue: 'GV-2', command: sh('echo out; echo err >&2; exit 7') }),
      runToEnd(service, { issue: 'GV-3', command: ['no-such-command'] }),
      runToEnd(service, {
        issue: 'GV-4',
        secrets: ['NAMED'],
        env: { SHOWN: "it's" },
        command: sh('printf %s "$NAMED" | wc -c; echo "$NAMED"; echo "$SHOWN"; echo x >"$HOME/f"'),
      }),
      runToEnd(service, { issue: 'GV-5', command: ['node', '-e', 'console.log(6 * 7)'] }),
    ]);
    expect(proof.stdout).toMatch(/^Linux version 4\.4\.0/);
    expect(code).toMatchObject({ exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
    expect(missing).toMatchObject({ status: 'failed', exitCode: 127 });
    expect(secret.stdout).toBe(`${SECRET.length}\n***\nit's\n`);
    expect(threads).toMatchObject({ status: 'succeeded', stdout: '42\n' });
    const again = await runToEnd(service, { issue: 'GV-4', command: sh('cat "$HOME/f"') });
    expect(again.stdout).toBe('x\n');
    const report = await service.api('GET', `/api/v1/runs/${proof.id}/sandbox`);
    expect(report.body.controls).toContainEqual(
      expect.objectContaining({ name: 'security.gvisor', value: true, source: 'config' }),
    );
    expect(report.body.dockerRun).toContain('--runtime=runsc');
  });

  it('what a run changed is told by git behind the same wall', async () => {
    await worked(
      service,
      'GV-10',
      `git init -q -b main .; ${IDENTITY} printf 'one\\ntwo\\n' >file; echo gone >gone; echo '*.log' >.gitignore
       mkdir d; echo one >d/deep; git add .; git commit -qm base`,
    );
    const id = await worked(
      service,
      'GV-10',
      `printf 'one\\nTWO\\n' >file; rm gone; echo l >a.log; ln -s file link; echo "$NAMED" >d/deep; git commit -qam two`,
      { secrets: ['NAMED'] },
    );

    const [patch, runtime] = await Promise.all([diffOf(service, id), runtimeOfDiff()]);

    expect(runtime).toBe('runsc');
    expect(filesIn(patch)).toEqual(['d/deep', 'file', 'gone', 'link']);
    expect(patch).toContain(' one\n-two\n+TWO\n');
    expect(patch).toContain('-one\n+***\n');
    expect(patch).not.toContain(SECRET);
  });

  it('cancelling, the time limit and the memory limit end a run', async () => {
    const obeys = 'trap "echo told; exit 3" TERM; echo up; sleep 60 & wait';
    const cancelled = await createRun(service, { issue: 'GV-6', command: sh(obeys) });
    const ignoring = await createRun(service, {
      issue: 'GV-7',
      command: sh('trap "" TERM; echo up; while :; do sleep 1; done'),
      timeoutSeconds: 3,
    });
    const hog = await createRun(service, {
      issue: 'GV-8',
      command: ['tail', '/dev/zero'],
      policy: { resources: { memory: 128 * MiB } },
    });
    await untilPrinted(service, cancelled, 'up');
    await cancelRun(service, cancelled);
    expect(await finishRun(service, cancelled)).toMatchObject({
      status: 'cancelled',
      exitCode: 3,
      stdout: 'up\ntold\n',
    });
    expect(await finishRun(service, hog)).toMatchObject({ status: 'out_of_memory' });
    expect(await finishRun(service, ignoring)).toMatchObject({ status: 'timed_out' });
    expect(await containersOf(service)).toEqual([]);
  });

  it('output is live', async () => {
    const id = await createRun(service, {
      issue: 'GV-9',
      command: sh('for i in 1 2 3 4 5; do echo $i; sleep 0.2; done'),
    });
    const events = await allEvents(await followEvents(service, id));
    const lines = linesOf(events);
    expect(lines.map(({ text }) => text).join('')).toBe('1\n2\n3\n4\n5\n');
    expect(lines.length).toBeGreaterThan(2);
    expect(events.at(-1)?.event).toBe('end');
  });
});
