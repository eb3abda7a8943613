import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { until } from '../runs/until.js';
import { engine } from '../support/engine.js';
import { expectNoRemains } from '../support/remains.js';
import { finishRun, runToEnd } from '../support/runs.js';
import { startRefused, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { PUBLIC, Sandbox, startFiltered, farAddress, Uncontrolled } from './sandboxes.js';

const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };
const CURL = `curl -s -o /dev/null --max-time 4 -w '%{http_code}\\n'`;
const ASK = [
  'sh',
  '-c',
  `${CURL} http://allowed.test/; ${CURL} http://other.test/; ${CURL} --noproxy '*' http://${PUBLIC}/`,
];
/** Listed, not listed, past the gateway. */
const HELD = '200\n403\n000\n';
const FENCE_IMAGE = 'risoluto-fence';
const KEPT_IMAGE = 'kept-fence';

/** What a run with network access is refused with, at once or when it is to start. */
async function refusalOf(service: RunningService, issue: string): Promise<string> {
  const answer = await service.api('POST', '/api/v1/runs', {
    body: { issue, command: ASK, policy: OPEN },
  });
  if (answer.status !== 202) return answer.text;
  await finishRun(service, answer.body.id as string);
  return (await service.api('GET', `/api/v1/runs/${answer.body.id}`)).text;
}

describe('an operator’s own network', () => {
  const name = `own-${process.pid}`;
  const options = ['--subnet', '10.93.7.0/24', name];
  const sandbox = { egressAllowlist: ['allowed.test'], network: name };

  it('must be internal for an allowlist, or the service does not start', async () => {
    await world.onHost('docker', 'network', 'create', ...options);
    try {
      const { code, logs } = await startRefused({ yaml: { codex: { sandbox } } });
      expect(code).not.toBe(0);
      expect(logs).toContain('not internal');
      expect(logs).toContain(`docker network create --internal --subnet 10.93.7.0/24 ${name}`);
    } finally {
      // What stands for a service’s own network goes with the service’s end, in these tests.
      await world.onHost('docker', 'network', 'rm', name).catch(() => null);
    }
  });

  it('is filtered where it is internal', async () => {
    await world.onHost('docker', 'network', 'create', '--internal', ...options);
    const service = await startFiltered({ sandbox });
    try {
      await world.clear();
      const { stdout } = await runToEnd(service, { issue: 'NET-1', command: ASK, policy: OPEN });
      expect(stdout).toBe(HELD);
      expect((await world.arrivals()).map(({ to }) => to)).not.toContain(PUBLIC);
    } finally {
      await service.stop();
    }
  });
});

describe('an allowlist that cannot be enforced', () => {
  let service: RunningService;

  beforeAll(async () => {
    await engine().getImage(FENCE_IMAGE).tag({ repo: KEPT_IMAGE, tag: 'latest' });
    // As a service that is not root: what it may not do itself, a helper of that image does for it.
    const wrapper = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'];
    service = await startFiltered({
      sandbox: { egressAllowlist: ['allowed.test'] },
      options: { wrapper },
    });
  });
  afterAll(async () => {
    await engine().getImage(KEPT_IMAGE).tag({ repo: FENCE_IMAGE, tag: 'latest' });
    await service?.stop();
  });

  it('is held by a fence that a helper places', async () => {
    const { stdout } = await runToEnd(service, { issue: 'HELP-1', command: ASK, policy: OPEN });
    expect(stdout).toBe(HELD);
  });

  it('refuses the run where no fence can stand, and says what to do', async () => {
    await service.terminate();
    await world.onHost('docker', 'image', 'rm', FENCE_IMAGE);
    await service.start();
    await world.clear();
    const refusal = await refusalOf(service, 'HELP-2');
    expect(refusal).toContain('egress_unenforceable');
    expect(refusal).toMatch(/CAP_NET_ADMIN|risoluto-fence/);
    const closed = await runToEnd(service, { issue: 'HELP-3', command: ASK });
    expect(closed.stdout).toBe('000\n000\n000\n');
    expect(await world.arrivals()).toEqual([]);
  });
});

describe('a filtered network that others join', () => {
  it('holds no more runs until they have left', async () => {
    const service = await startFiltered({ sandbox: { egressAllowlist: ['allowed.test'] } });
    const sandbox = await Sandbox.start(service, 'JOIN-1');
    const { network } = await sandbox.place();
    const stranger = await Uncontrolled.start('runc', await farAddress(network));
    try {
      const refusal = await refusalOf(service, 'JOIN-2');
      expect(refusal).toContain('egress_unenforceable');
      expect(refusal).toContain('not ours');
    } finally {
      await stranger.remove();
    }
    const { stdout } = await runToEnd(service, { issue: 'JOIN-3', command: ASK, policy: OPEN });
    expect(stdout).toBe(HELD);
    await sandbox.end();
    await expectNoRemains(service);
    await service.stop();
  });
});

describe('L6 gVisor', () => {
  const config = join(world.state.directory, 'daemon.json');

  it('is not replaced by another runtime where it is missing', async () => {
    const before = readFileSync(config, 'utf8');
    const start = () =>
      startFiltered({ runtime: 'runsc', sandbox: { egressAllowlist: ['allowed.test'] } });
    await register('{"runtimes":{}}', false);
    const without = await start();
    try {
      await world.clear();
      expect(await refusalOf(without, 'GV-1')).toContain('codex.sandbox.security.gvisor');
      expect(await world.arrivals()).toEqual([]);
    } finally {
      await register(before, true);
      await without.stop();
    }
    const service = await start();
    try {
      const command = ['sh', '-c', `${ASK[2]}; cat /proc/version`];
      const { stdout } = await runToEnd(service, { issue: 'GV-2', command, policy: OPEN });
      expect(stdout).toContain(`${HELD}Linux version 4.4.0`);
    } finally {
      await service.stop();
    }
  });

  async function register(text: string, isThere: boolean): Promise<void> {
    writeFileSync(config, text);
    process.kill(Number(readFileSync(world.state.pidFile, 'utf8')), 'SIGHUP');
    await until('the engine to read its runtimes', async () => {
      const { Runtimes } = (await engine().info()) as { Runtimes: Record<string, object> };
      return 'runsc' in Runtimes === isThere ? true : null;
    });
  }
});
