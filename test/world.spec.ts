import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';

import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { engine } from './support/engine.js';
import { startEngine, stopEngine } from './support/world-engine.js';
import { world } from './support/world.js';

const execute = promisify(execFile);

/** In a container of the engine's own making, without any control of ours. */
async function inContainer(runtime: string, script: string): Promise<string> {
  const docker = ['run', '--rm', `--runtime=${runtime}`, 'risoluto-sandbox', 'bash', '-c', script];
  return (await execute('docker', docker)).stdout;
}

describe('the test world', () => {
  beforeEach(() => world.clear());

  it('has no way out: the machine’s own interfaces and routes are not in it', async () => {
    const links = JSON.parse(await world.onHost('ip', '-j', 'link')) as { ifname: string }[];
    expect(links.map(({ ifname }) => ifname).filter((name) => /^(e|wl)/.test(name))).toEqual([]);
    expect(await world.onHost('ip', 'route', 'show', 'default')).toContain(world.addresses.net);
    expect(await world.inWorldNet('ip', 'route', 'show', 'default')).toBe('');
  });

  describe.each(['runc', 'runsc'])('under %s', (runtime) => {
    it('answers any address on any TCP port and writes it down', async () => {
      const listed = await inContainer(runtime, 'curl -sm 5 http://169.254.169.254/');
      expect(listed).toBe('world 169.254.169.254 80\n');
      expect(await inContainer(runtime, 'curl -sm 5 http://1.2.3.4:6667/')).toMatch(/^world /);
      expect(await world.arrivals()).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ to: '169.254.169.254', protocol: 'tcp', port: 80 }),
          expect.objectContaining({ to: '1.2.3.4', protocol: 'tcp', port: 6667 }),
        ]),
      );
      expect(world.recorded()).toContainEqual(
        expect.objectContaining({ event: 'connect', to: '169.254.169.254', port: 80 }),
      );
    });

    it('sees UDP to any port', async () => {
      await inContainer(runtime, 'echo probe > /dev/udp/9.9.9.9/4242');
      expect(await world.arrivals()).toContainEqual(
        expect.objectContaining({ to: '9.9.9.9', protocol: 'udp', port: 4242 }),
      );
    });

    it('resolves names, and those of the form 10-0-0-5.ip.test to the address in them', async () => {
      expect(await inContainer(runtime, 'getent ahostsv4 10-0-0-5.ip.test')).toContain('10.0.0.5');
      expect(world.recorded().map(({ name }) => name)).toContain('10-0-0-5.ip.test');
    });
  });

  it('answers over IPv6 too', async () => {
    const socket = connect(80, '2001:db8::1234');
    socket.end('GET / HTTP/1.1\r\n\r\n');
    expect(String(await once(socket, 'data'))).toContain('world 2001:db8::1234 80\n');
    expect(await world.arrivals()).toContainEqual(
      expect.objectContaining({ to: '2001:db8::1234', protocol: 'tcp', port: 80 }),
    );
  });

  it('records what the resolver on the host’s loopback is asked', async () => {
    const script = `const dns = new (require('dns').Resolver)(); dns.setServers(['127.0.0.53']);
      dns.resolve4('leak.test', (error, found) => console.log(error ?? found.join()))`;
    expect(await world.onHost(process.execPath, '-e', script)).toBe('203.0.113.10\n');
    expect(world.recorded()).toContainEqual(
      expect.objectContaining({ place: 'loopback', protocol: 'udp', name: 'leak.test' }),
    );
  });

  describe('its engine', () => {
    afterAll(async () => {
      await engine().ping().catch(startEngine);
    });

    it('can be taken away and brought back', async () => {
      await stopEngine('SIGKILL');
      await expect(engine().ping()).rejects.toThrow();
      await startEngine();
      expect(String(await engine().ping())).toBe('OK');
      await stopEngine();
      await startEngine();
      expect(await inContainer('runc', 'echo back')).toBe('back\n');
    });
  });
});
