import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HostListener } from '../egress/host-listener.js';
import { engine, inside } from '../support/engine.js';
import { createRun, finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { containersOf } from './leftovers.js';
import { sh, UNLIMITED, untilPrinted } from './run-questions.js';

const PUBLIC = '93.184.216.34';
/** Addresses that no sandbox reaches, whatever it was granted. */
const NEVER = [
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '10.1.2.3',
  '172.31.9.9',
  '192.168.7.7',
];
const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };

let service: RunningService;
let host: HostListener;

beforeAll(async () => {
  host = await HostListener.start();
  service = await startService({
    env: { RISOLUTO_BIND: '0.0.0.0', RISOLUTO_WRITE_TOKEN: 'write-token-0123456789' },
    yaml: { ...UNLIMITED, runs: { maxConcurrent: 4 } },
  });
});
afterAll(async () => {
  await service?.stop();
  await host?.stop();
});

const AUTHORIZED = { token: 'write-token-0123456789' };

/** Answers `name=yes` for each address and port that answers a TCP connection within two seconds. */
function probe(targets: Record<string, [string, number]>): string[] {
  const tries = Object.entries(targets).map(
    ([name, [address, port]]) =>
      `(timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/${port} && echo ask >&3 && head -c 1 <&3' ` +
      `2>/dev/null | grep -q . && echo ${name}=yes || echo ${name}=no) &`,
  );
  return ['bash', '-c', `${tries.join('\n')}\nwait`];
}

function answersIn(stdout: string): Record<string, boolean> {
  const lines = stdout.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.split('=')[0], line.endsWith('=yes')]));
}

async function run(issue: string, command: string[], policy?: object): Promise<string> {
  return createRun(service, { issue, command, ...(policy && { policy }) }, AUTHORIZED);
}

/** Where the host's services are found: its own address, and the gateway of the sandboxes. */
async function hostAddresses(): Promise<string[]> {
  const { IPAM } = (await engine().getNetwork(service.network).inspect()) as {
    IPAM: { Config: { Gateway: string }[] };
  };
  return [world.addresses.host, ...IPAM.Config.map(({ Gateway }) => Gateway)];
}

/** Those of `addresses` at which anything arrived. */
async function seenOf(addresses: readonly string[]): Promise<string[]> {
  const arrived = new Set((await world.arrivals()).map(({ to }) => to));
  return addresses.filter((address) => arrived.has(address));
}

async function end(id: string): Promise<void> {
  await service.api('POST', `/api/v1/runs/${id}/cancel`, AUTHORIZED);
  await finishRun(service, id);
}

describe('a sandbox', () => {
  it('reaches nothing unless its turn was granted the network, and then the internet alone', async () => {
    const apiPort = Number(new URL(service.url).port);
    const addresses = await hostAddresses();
    expect(addresses).toHaveLength(2);
    const targets: Record<string, [string, number]> = { public: [PUBLIC, 80] };
    for (const address of NEVER) targets[`never-${address}`] = [address, 80];
    for (const address of addresses) {
      targets[`host-${address}`] = [address, host.port];
      targets[`api-${address}`] = [address, apiPort];
    }
    // From this host itself every one of these listeners is there.
    for (const address of addresses) {
      const answer = await fetch(`http://${address}:${apiPort}/healthz`);
      expect(answer.status).toBe(200);
    }
    const heardBefore = host.heard.length;

    await world.clear();
    const closed = await finishRun(service, await run('NET-1', probe(targets)));
    expect(Object.keys(answersIn(closed.stdout)).sort()).toEqual(Object.keys(targets).sort());
    expect(Object.values(answersIn(closed.stdout))).not.toContain(true);
    expect(await seenOf([PUBLIC, ...NEVER])).toEqual([]);

    const open = await finishRun(service, await run('NET-1', probe(targets), OPEN));
    const reached = Object.entries(answersIn(open.stdout)).filter(([, answered]) => answered);
    expect(reached.map(([name]) => name)).toEqual(['public']);
    expect(await seenOf([PUBLIC, ...NEVER])).toEqual([PUBLIC]);
    expect(host.heard.slice(heardBefore)).toEqual([]);

    // The grant went with its run.
    await world.clear();
    const after = await finishRun(service, await run('NET-1', probe(targets)));
    expect(Object.values(answersIn(after.stdout))).not.toContain(true);
    expect(await seenOf([PUBLIC])).toEqual([]);
  });

  it('does not reach a neighbour, nor see it', async () => {
    const listener =
      "require('net').createServer(s => s.end('here')).listen(7777, () => console.log('up'))";
    const neighbour = await run('NET-2', ['node', '-e', listener], OPEN);
    await untilPrinted(service, neighbour, 'up');
    const [container = ''] = await containersOf(service, neighbour);
    const { NetworkSettings, Config, Name } = await engine().getContainer(container).inspect();
    const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '';
    expect(address).toMatch(/^\d+(\.\d+){3}$/);
    const mac = Object.values(NetworkSettings.Networks)[0]?.MacAddress ?? '';
    const names = `localhost ${Config.Hostname} ${Name.replace('/', '')}`;
    const look =
      `timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/7777 && cat <&3'; ` +
      `for n in ${names}; do getent hosts $n | sed 's/^/name: /'; done; cat /proc/net/arp`;
    const [reached, seen] = await Promise.all([
      inside(container, 'exec 3<>/dev/tcp/127.0.0.1/7777 && cat <&3'),
      run('NET-3', sh(look), OPEN).then((id) => finishRun(service, id)),
    ]);
    expect(reached).toContain('here');
    expect(seen.stdout).not.toContain('here');
    const resolved = seen.stdout.match(/^name: .*$/gm) ?? [];
    expect(resolved[0]).toContain('localhost');
    expect(resolved.filter((line) => line.includes(address))).toEqual([]);
    expect(mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    expect(seen.stdout).not.toContain(mac);
    await end(neighbour);
  });

  it('that stops by itself or is cancelled takes its open connections with it', async () => {
    const request = "printf 'GET /drip HTTP/1.1\r\n\r\n' >&3";
    const drip = ['bash', '-c', `exec 3<>/dev/tcp/${PUBLIC}/80; ${request}; cat <&3`];
    const first = await run('NET-5', drip, OPEN);
    await untilPrinted(service, first, 'world');
    await end(first);
    await world.clear();
    const quiet = await finishRun(service, await run('NET-5', sh('sleep 2')));
    expect(quiet.status).toBe('succeeded');
    expect(await seenOf([PUBLIC])).toEqual([]);
  });
});

describe('network access', () => {
  it('is the request’s to switch on, and its report says so', async () => {
    const id = await run('NET-6', ['true'], OPEN);
    await finishRun(service, id);
    const report = await service.api('GET', `/api/v1/runs/${id}/sandbox`);
    expect(report.body.controls).toContainEqual(
      expect.objectContaining({
        name: 'turnSandboxPolicy.networkAccess',
        value: true,
        source: 'request',
      }),
    );
  });
});
