import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runToEnd } from '../support/runs.js';
import { world } from '../support/world.js';
import type { Outcome, Probe } from './probed.js';
import type { FilteredLab } from './filtered-lab.js';
import { ANYWHERE, denialsIn, PUBLIC, Sandbox } from './sandboxes.js';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
/** A masked text frame, `Hello`, and the world's echo of it (RFC 6455, section 5.7). */
const FRAME = Buffer.from('818537fa213d7f9f4d5158', 'hex').toString('latin1');
const ECHO = '\x81\x05Hello';

const curl = (...args: string[]): Probe => ({
  do: 'bash',
  script: `curl -sk --max-time 12 -w '\\n%{http_connect} %{http_code}' ${args.join(' ')}`,
});

function upgrade(host: string, target = '/socket'): string {
  return (
    `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n@AUTH@` +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`
  );
}

/** Its names are never told to the internet's resolver, nor do they arrive at its servers. */
function neverArrived(names: readonly string[]): void {
  const arrived = [
    ...world.askedNames(),
    ...world.askedNames('loopback'),
    ...world.requests().map(({ host }) => host ?? ''),
    ...world.handshakes().map(({ serverName }) => serverName ?? ''),
  ].map((name) => name.toLowerCase());
  expect(arrived.filter((name) => names.some((never) => name.includes(never)))).toEqual([]);
}

/** N1, N2, N16, N18 and P3. */
export function allowlistCases(lab: FilteredLab): void {
  describe('the allowlist', () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await Sandbox.start(lab.service, 'LIST-1');
    });
    afterAll(() => sandbox?.end());

    it('N1 N2 lets listed hosts through, and refuses others with a line that says why', async () => {
      await world.clear();
      const found = await sandbox.probe({
        http: curl('http://allowed.test/'),
        https: curl('https://allowed.test/'),
        wild: curl('https://a.b.wild.test/'),
        special: curl('https://special.test:8443/'),
        address: curl(`http://${PUBLIC}/`),
        punycode: curl('https://xn--bcher-kva.test/'),
        refused: curl('-D -', 'http://other.test/'),
        redirected: curl('-L', `'http://allowed.test/redirect?to=http://other.test/'`),
        tunnel: { do: 'tunnel', to: 'other.test:443', tls: {} },
      });
      expect(found.http.out).toBe(`world ${ANYWHERE} 80\n\n000 200`);
      expect(found.https.out).toBe(`world ${ANYWHERE} 443\n\n200 200`);
      expect(found.wild.out).toBe(`world ${ANYWHERE} 443\n\n200 200`);
      expect(found.special.out).toBe(`world ${ANYWHERE} 8443\n\n200 200`);
      expect(found.address.out).toBe(`world ${PUBLIC} 80\n\n000 200`);
      expect(found.punycode.out).toContain(`world ${ANYWHERE} 443`);
      expect(found.refused.out).toMatch(/^HTTP\/1.1 403 Forbidden\r\n[^]*000 403$/);
      expect(found.refused.out).toMatch(/x-risoluto-egress: not_listed\r/i);
      expect(found.redirected.out).toMatch(/000 403$/);
      expect(found.tunnel).toMatchObject({ status: 403, reason: 'not_listed' });
      // For a person and for an agent: the rule, and what would allow it.
      for (const text of [found.refused.out, found.redirected.out, found.tunnel.text]) {
        expect(text).toMatch(
          /other\.test:\d+ is not on .*allowlist.*codex\.sandbox\.egressAllowlist/,
        );
      }
      neverArrived(['other.test']);
    });

    it('N2 writes every decision down', async () => {
      const decided = await sandbox.untilDecided('the tunnels have ended', (all) =>
        all.filter(({ allowed }) => allowed).every(({ durationMs }) => durationMs !== null),
      );
      expect(denialsIn(decided)).toEqual(['other.test:443 not_listed', 'other.test:80 not_listed']);
      const rules = decided.filter(({ allowed }) => allowed);
      expect(new Set(rules.map(({ host, port, rule }) => `${host}:${port} ${rule}`))).toEqual(
        new Set([
          'allowed.test:80 allowed.test',
          'allowed.test:443 allowed.test',
          'a.b.wild.test:443 *.wild.test',
          'special.test:8443 special.test:8443',
          `${PUBLIC}:80 ${PUBLIC}`,
          'xn--bcher-kva.test:443 xn--bcher-kva.test',
        ]),
      );
      for (const one of rules) {
        expect(one).toMatchObject({ turn: 1, reason: null });
        expect(Math.min(one.bytesUp, one.bytesDown)).toBeGreaterThan(0);
      }
    });

    it('N16 lets WebSockets to listed hosts through, and no others', async () => {
      await world.clear();
      const say = [upgrade('allowed.test').replace('@AUTH@', ''), FRAME];
      const absolute = (host: string) => [
        upgrade(host, `http://${host}/socket`).replace('@AUTH@', '@AUTH@\r\n'),
        FRAME,
      ];
      const found = await sandbox.probe({
        secure: { do: 'tunnel', to: 'allowed.test:443', tls: {}, say },
        plain: { do: 'tunnel', to: 'allowed.test:80', say },
        absolute: { do: 'raw', say: absolute('allowed.test') },
        refused: { do: 'tunnel', to: 'sockets.test:443', tls: {}, say },
        refusedAbsolute: { do: 'raw', say: absolute('sockets.test') },
      });
      for (const { answer } of [found.secure, found.plain, found.absolute]) {
        expect(answer).toMatch(/^HTTP\/1.1 101 /);
        expect(answer?.endsWith(ECHO)).toBe(true);
      }
      expect(found.refused).toMatchObject({ status: 403, reason: 'not_listed' });
      expect(found.refusedAbsolute.answer).toMatch(/^HTTP\/1.1 403 /);
      neverArrived(['sockets.test']);
    });

    it('N18 compares hosts, however they are written', async () => {
      await world.clear();
      const to = (text: string): Probe => ({ do: 'tunnel', to: text, tls: { serverName: null } });
      const same: Record<string, Probe> = {};
      for (const text of ['ALLOWED.Test:443', 'allowed.test.:443', 'X.wILD.test:443']) {
        const serverName = text.toLowerCase().replace(/\.?:443$/, '');
        same[text] = { do: 'tunnel', to: text, tls: { serverName } };
      }
      const unlike = [
        'wild.test',
        'a.wild.test.evil.test',
        'evilwild.test',
        'allowed.test.evil.test',
      ];
      const broken = [
        'allowed.test@evil.test:443',
        'evil.test@allowed.test:443',
        'allowed.test\0.evil.test:443',
        'allowed.test%00.evil.test:443',
        'allowed.test#.evil.test:443',
        'allowed.test:443:evil.test:443',
        'allowed.test:443 \tevil.test:443',
        'allowed.test\r\nX: evil.test:443',
        'allowed.test:0443443',
        'allowed.test',
        'https://allowed.test:443',
      ];
      const refused = [...unlike.map((name) => `${name}:443`), ...broken];
      const found: Record<string, Outcome> = await sandbox.probe({
        ...same,
        ...Object.fromEntries(refused.map((text) => [text, to(text)])),
      });
      for (const name of Object.keys(same)) {
        expect(found[name], name).toMatchObject({
          status: 200,
          answer: expect.stringContaining('world'),
        });
      }
      for (const name of unlike) {
        expect(found[`${name}:443`], name).toMatchObject({ status: 403, reason: 'not_listed' });
      }
      for (const text of broken) expect([400, 403], text).toContain(found[text]?.status);
      neverArrived(['evil']);
    });

    it('P3 keeps the sandbox’s other controls as they are', async () => {
      const run = await runToEnd(lab.service, {
        issue: 'LIST-2',
        command: ['sh', '-c', 'cat /proc/self/status /proc/version'],
        policy: { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } },
      });
      if (lab.runtime === 'runsc') expect(run.stdout).toContain('Linux version 4.4.0');
      else expect(run.stdout).toMatch(/^Seccomp:\s+2$/m);
      expect(run.stdout).toMatch(/^CapEff:\s+0+$/m);
      if (lab.runtime === 'runc') expect(run.stdout).toMatch(/^NoNewPrivs:\s+1$/m);
    });
  });
}
