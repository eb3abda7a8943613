import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { engine } from '../support/engine.js';
import { runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';

const run = promisify(execFile);

/** As a service that is not root: the kernel refuses it every change of the firewall. */
const WITHOUT_NET_ADMIN = ['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin'];
const ANY_PUBLIC_ADDRESS = '93.184.216.34';
/** Two seconds: shorter than the kernel looks for a neighbour, longer than any answer takes. */
const KNOCK = `curl -s -o /dev/null --max-time 2 http://${ANY_PUBLIC_ADDRESS}/; echo "curl $?"`;
const open = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };

let service: RunningService;

beforeAll(async () => {
  service = await startService({ wrapper: WITHOUT_NET_ADMIN });
});
afterAll(async () => {
  await service.stop();
});

async function helpers(): Promise<number> {
  const filters = { label: ['risoluto.helper=fence'] };
  return (await engine().listContainers({ filters })).length;
}

describe('a service that may not place the fence itself', () => {
  it('has lost the capability that the test is about', async () => {
    const { stdout } = await run('grep', ['CapEff', `/proc/${service.pid}/status`]);
    const effective = BigInt(`0x${stdout.trim().split(/\s+/)[1]}`);
    expect(effective & (1n << 12n)).toBe(0n);
  });

  it('fences by a helper container: closed is closed, open reaches the internet and not the host', async () => {
    expect(await helpers()).toBe(1);
    const closed = await runToEnd(service, { issue: 'CL-1', command: ['sh', '-c', KNOCK] });
    // Silence, not a refusal: the fence drops.
    expect(closed.stdout).toBe('curl 28\n');
    const { port } = new URL(service.url);
    const host = `curl -s -o /dev/null --max-time 2 http://198.51.100.2:${port}/healthz; echo "host $?"`;
    const opened = await runToEnd(service, {
      issue: 'OP-1',
      command: ['sh', '-c', `${KNOCK}; ${host}`],
      policy: open,
    });
    // The recorder of the test world answers, or refuses: either way the packet arrived.
    expect(opened.stdout).toMatch(/^curl (0|7|52|56)\nhost 28\n$/);
  });

  it('leaves no helper when it stops', async () => {
    await service.terminate();
    await expect.poll(helpers, { timeout: 20_000 }).toBe(0);
  });
});
