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
    const made = await bench.networks.ensure(name);
    expect(await bench.networks.ensure(name)).toEqual(made);
    const network = await bench.engine.inspectNetwork(name);
    expect(network).toMatchObject({
      Driver: 'bridge',
      EnableIPv6: false,
      Labels: { 'risoluto.instance': bench.data.instanceId },
      Options: { 'com.docker.network.bridge.enable_icc': 'false' },
    });
    const { address, mac } = bench.networks.allocate();
    const placement = { mode: 'bridge' as const, name, address, mac };
    const script = `perl -e 'use Socket; socket(S, AF_INET, SOCK_DGRAM, 0); connect(S, pack_sockaddr_in(9, inet_aton("198.51.100.1"))); my (undef, $a) = unpack_sockaddr_in(getsockname(S)); print "address ", inet_ntoa($a), "\\n"'; echo "mac $(cat /sys/class/net/eth0/address 2>/dev/null)"; echo "resolv $(cat /etc/resolv.conf)"`;
    const found = parseFindings((await bench.script(script, { network: placement })).stdout);
    expect(found.address).toBe(address);
    if (!gvisor) expect(found.mac).toBe(mac);
    expect(found.resolv ?? '').toBe('');
    bench.networks.release(address);
    expect(bench.networks.allocate().address).not.toBe(address);
  });

  it('says nothing of a neighbour’s name', async () => {
    await bench.networks.ensure(name);
    const neighbour = await bench.create({
      network: { mode: 'bridge', name, ...bench.networks.allocate() },
    });
    const { Name, Config } = await bench.engine.inspectContainer(neighbour.containerId);
    expect([Name, Config.Hostname].join()).toMatch(/^\/risoluto-[0-9a-f]{16},[0-9a-f]{12}$/);
    await neighbour.remove();
  });

  it('is refused to another instance, and to one with foreign containers', async () => {
    await bench.networks.ensure(name);
    const other = new SandboxBench();
    await expect(other.networks.ensure(name)).rejects.toMatchObject({
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
      await expect(bench.networks.ensure(name)).rejects.toMatchObject({
        details: [{ message: expect.stringContaining('not ours') }],
      });
    } finally {
      execFileSync('docker', ['rm', '-f', foreign], { stdio: 'pipe' });
    }
    await expect(bench.networks.ensure('host')).rejects.toMatchObject({
      code: 'control_unavailable',
    });
  });
});
