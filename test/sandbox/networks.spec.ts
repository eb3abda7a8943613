import { execFileSync } from 'node:child_process';

import { afterAll, describe, expect, it } from 'vitest';

import { parseFindings } from './probe.js';
import { SandboxBench } from './sandbox-bench.js';

const name = `risoluto-probe-${process.pid}`;

describe.each([
  ['runc', false],
  ['runsc', true],
])('the sandbox network under %s', (_runtime, gvisor) => {
  const bench = new SandboxBench({ sandbox: { network: name, security: { gvisor } } });
  afterAll(async () => {
    await bench.close();
    await bench.engine.removeNetwork(name);
  });

  it('is made, found again, and gives each sandbox the address that we chose', async () => {
    const made = await bench.networks.ensure(name, { filtered: false });
    expect(await bench.networks.ensure(name, { filtered: false })).toEqual(made);
    const network = await bench.engine.inspectNetwork(name);
    expect(network).toMatchObject({
      Driver: 'bridge',
      EnableIPv6: false,
      Labels: { 'risoluto.instance': bench.data.instanceId },
      Options: { 'com.docker.network.bridge.enable_icc': 'false' },
    });
    const { address, mac } = bench.networks.allocate(name);
    const placement = { mode: 'bridge' as const, name, address, mac };
    const script = `perl -e 'use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); connect(S, pack_sockaddr_in(9, inet_aton("198.51.100.1"))); my (undef, $a) = unpack_sockaddr_in(getsockname(S)); print "address ", inet_ntoa($a), "\\n"'; echo "mac $(cat /sys/class/net/eth0/address 2>/dev/null)"; echo "resolv $(cat /etc/resolv.conf)"`;
    const found = parseFindings((await bench.script(script, { network: placement })).stdout);
    expect(found.address).toBe(address);
    if (!gvisor) expect(found.mac).toBe(mac);
    expect(found.resolv ?? '').toBe('');
    bench.networks.release(name, address);
    expect(bench.networks.allocate(name).address).not.toBe(address);
  });

  it('says nothing of a neighbour’s name', async () => {
    await bench.networks.ensure(name, { filtered: false });
    const neighbour = await bench.create({
      network: { mode: 'bridge', name, ...bench.networks.allocate(name) },
    });
    const { Name, Config } = await bench.engine.inspectContainer(neighbour.containerId);
    expect([Name, Config.Hostname].join()).toMatch(/^\/risoluto-[0-9a-f]{16},[0-9a-f]{12}$/);
    await neighbour.remove();
  });

  it('is refused to another instance, and to one with foreign containers', async () => {
    await bench.networks.ensure(name, { filtered: false });
    const other = new SandboxBench();
    await expect(other.networks.ensure(name, { filtered: false })).rejects.toMatchObject({
      details: [
        { field: 'codex.sandbox.network', message: expect.stringContaining('another Risoluto') },
      ],
    });
    await other.close();
    const foreign = execFileSync('docker', [
      'create',
      '--network',
      name,
      'risoluto-sandbox',
      'true',
    ])
      .toString()
      .trim();
    try {
      await expect(bench.networks.ensure(name, { filtered: false })).rejects.toMatchObject({
        details: [{ message: expect.stringContaining('not ours') }],
      });
    } finally {
      execFileSync('docker', ['rm', '-f', foreign], { stdio: 'pipe' });
    }
    await expect(bench.networks.ensure('host', { filtered: false })).rejects.toMatchObject({
      code: 'control_unavailable',
    });
  });
});

describe('the networks of open and of filtered sandboxes', () => {
  const open = `${name}-o`;
  const filtered = `${name}-o-filtered`;
  const own = `${name}-own`;
  const bench = new SandboxBench();
  const docker = (...args: string[]) => execFileSync('docker', args, { stdio: 'pipe' });
  afterAll(async () => {
    await bench.close();
    await bench.networks.removeAllBut(new Set());
  });

  it('are made side by side, only the filtered one internal, each with addresses of its own', async () => {
    expect(await bench.networks.filteredName(open)).toBe(filtered);
    const made = [
      await bench.networks.ensure(open, { filtered: false }),
      await bench.networks.ensure(filtered, { filtered: true }),
    ];
    expect(made.map(({ internal }) => internal)).toEqual([false, true]);
    expect(new Set(made.map(({ bridge }) => bridge)).size).toBe(2);
    expect(await bench.networks.filteredName(open)).toBe(filtered);
    expect(await bench.engine.inspectNetwork(filtered)).toMatchObject({
      Internal: true,
      Labels: { 'risoluto.instance': bench.data.instanceId },
      Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
    });
    const prefix = (text = '') => text.split('.').slice(0, 2).join('.');
    const gateways = made.map(({ gateway }) => prefix(gateway));
    const addresses = [open, filtered, open].map((each) => bench.networks.allocate(each).address);
    expect(addresses.map(prefix)).toEqual([gateways[0], gateways[1], gateways[0]]);
    expect(new Set(addresses).size).toBe(3);
  });

  it('are refused to the other use', async () => {
    await expect(bench.networks.ensure(open, { filtered: true })).rejects.toMatchObject({
      details: [{ message: expect.stringContaining('not internal') }],
    });
    await expect(bench.networks.ensure(filtered, { filtered: false })).rejects.toMatchObject({
      details: [{ message: expect.stringContaining('leads nowhere') }],
    });
  });

  it('may be an operator’s own, once it is internal, by the command that the refusal names', async () => {
    docker('network', 'create', own);
    try {
      expect(await bench.networks.filteredName(own)).toBe(own);
      const refusal: unknown = await bench.networks
        .ensure(own, { filtered: true })
        .catch((error: unknown) => error);
      const [, command = ''] = /(docker network create .*)$/.exec(String(refusal)) ?? [];
      docker('network', 'rm', own);
      docker(...command.split(' ').slice(1));
      expect(await bench.networks.ensure(own, { filtered: true })).toMatchObject({
        internal: true,
      });
      expect(await bench.networks.ensure(own, { filtered: false })).toMatchObject({
        internal: true,
      });
    } finally {
      docker('network', 'rm', own);
    }
  });

  it('stay while they are named, and only then', async () => {
    const exist = () =>
      Promise.all(
        [open, filtered].map(async (each) => (await bench.engine.inspectNetwork(each)) !== null),
      );
    await bench.networks.removeAllBut(new Set([open, filtered]));
    expect(await exist()).toEqual([true, true]);
    await bench.networks.removeAllBut(new Set([filtered]));
    expect(await exist()).toEqual([false, true]);
    await bench.networks.removeAllBut(new Set([open]));
    expect(await exist()).toEqual([false, false]);
  });
});
