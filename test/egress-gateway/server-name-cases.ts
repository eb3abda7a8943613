import { beforeAll, describe, expect, it } from 'vitest';

import { world } from '../support/world.js';
import type { Outcome, Probe } from './probed.js';
import type { FilteredLab } from './filtered-lab.js';
import { denialsIn, Sandbox } from './sandboxes.js';

const tls = (
  to: string,
  serverName?: string | null,
  shape?: 'bytes' | 'records' | 'encrypted',
): Probe => ({
  do: 'tunnel',
  to,
  tls: { ...(serverName !== undefined && { serverName }), ...(shape && { shape }) },
});

/** N8. */
export function serverNameCases(lab: FilteredLab): void {
  describe('the server name of TLS', () => {
    let sandbox: Sandbox;

    beforeAll(async () => {
      sandbox = await Sandbox.start(lab.service, 'NAME-1');
    });

    it('N8 must be the host that was asked for, in one piece or in many', async () => {
      await world.clear();
      const good: Record<string, Probe> = {
        same: tls('allowed.test:443'),
        case: tls('allowed.test:443', 'ALLOWED.test'),
        bytes: tls('allowed.test:443', 'allowed.test', 'bytes'),
        records: tls('allowed.test:443', 'allowed.test', 'records'),
        special: tls('special.test:8443'),
        wild: tls('a.wild.test:443'),
        address: tls('93.184.216.34:443', null),
      };
      const found: Record<string, Outcome> = await sandbox.probe(good);
      for (const name of Object.keys(good)) {
        expect(found[name], name).toMatchObject({
          status: 200,
          answer: expect.stringContaining('world'),
        });
      }
      expect(world.handshakes()).toHaveLength(Object.keys(good).length);
    });

    it('N8 any other, none, an encrypted one, and what is not TLS never reach the host', async () => {
      await world.clear();
      const request = 'GET / HTTP/1.1\r\nHost: front.test\r\n\r\n';
      const bad: Record<string, Probe> = {
        other: tls('allowed.test:443', 'front.test'),
        otherBytes: tls('allowed.test:443', 'front.test', 'bytes'),
        otherRecords: tls('allowed.test:443', 'front.test', 'records'),
        below: tls('allowed.test:443', 'front.allowed.test'),
        sibling: tls('a.wild.test:443', 'front.wild.test'),
        port: tls('special.test:8443', 'front.test'),
        none: tls('allowed.test:443', null),
        encrypted: tls('allowed.test:443', 'allowed.test', 'encrypted'),
        plain: { do: 'tunnel', to: 'allowed.test:443', say: [request] },
        ssh: { do: 'tunnel', to: 'allowed.test:443', say: ['SSH-2.0-probe\r\n'] },
      };
      const found: Record<string, Outcome> = await sandbox.probe(bad);
      for (const name of Object.keys(bad)) {
        const { status, answer = '' } = found[name] ?? {};
        expect(status, name).toBe(200);
        expect(answer, name).not.toContain('world');
      }
      for (const name of [
        'other',
        'otherBytes',
        'otherRecords',
        'below',
        'sibling',
        'port',
        'none',
      ]) {
        expect(found[name]?.alert, name).toBe('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
      }
      // Not one byte of theirs.
      const events = world.recorded().filter(({ port }) => port === 443 || port === 8443);
      expect(events.filter(({ event }) => event !== 'connect' && event !== 'close')).toEqual([]);
      expect(world.handshakes()).toEqual([]);
    });

    it('N8 writes down why', async () => {
      await sandbox.end();
      expect(denialsIn(await sandbox.decisions())).toEqual([
        'a.wild.test:443 server_name_mismatch',
        'allowed.test:443 encrypted_hello',
        'allowed.test:443 not_tls',
        'allowed.test:443 server_name_mismatch',
        'allowed.test:443 server_name_missing',
        'special.test:8443 server_name_mismatch',
      ]);
    });
  });
}
