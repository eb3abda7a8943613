import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { expectNoRemains } from '../support/remains.js';
import type { RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import type { Probe } from './probed.js';
import { denialsIn, Sandbox, startFiltered } from './sandboxes.js';

const METADATA = '169.254.169.254';
const curl = (url: string): Probe => ({
  do: 'bash',
  script: `curl -sk --max-time 3 -o /dev/null -w '%{http_connect}/%{http_code}' ${url}`,
});

describe('the observing mode', () => {
  let service: RunningService;
  let sandbox: Sandbox;

  beforeAll(async () => {
    service = await startFiltered({
      sandbox: { egressMode: 'observe', egressAllowlist: ['allowed.test', '*.ip.test'] },
    });
    sandbox = await Sandbox.start(service, 'OBS-1');
  });
  afterAll(() => service?.stop());

  it('refuses nothing but forbidden addresses, and suggests the smallest list', async () => {
    await world.clear();
    const found = await sandbox.probe({
      listed: curl('https://allowed.test/'),
      unlisted: curl('https://other.test/'),
      both: curl('http://other.test/'),
      port: curl('https://special.test:8443/'),
      literal: curl('http://93.184.216.34/'),
      metadata: { do: 'tunnel', to: `${METADATA}:80` },
      resolved: { do: 'tunnel', to: '10-1-2-3.ip.test:80' },
      direct: curl(`--noproxy '*' http://93.184.216.35/`),
    });
    expect(found.listed.out).toBe('200/200');
    expect(found.unlisted.out).toBe('200/200');
    expect(found.both.out).toBe('000/200');
    expect(found.port.out).toBe('200/200');
    expect(found.literal.out).toBe('000/200');
    for (const { status, reason } of [found.metadata, found.resolved]) {
      expect({ status, reason }).toEqual({ status: 403, reason: 'blocked_address' });
    }
    expect(found.direct.out).toBe('000/000');
    const arrived = (await world.arrivals()).map(({ to }) => to);
    for (const never of [METADATA, '10.1.2.3', '93.184.216.35'])
      expect(arrived).not.toContain(never);

    const decided = await sandbox.decisions();
    expect(denialsIn(decided)).toEqual([
      '10-1-2-3.ip.test:80 blocked_address',
      `${METADATA}:80 blocked_address`,
    ]);
    const reasonOf = (host: string) => decided.find((one) => one.host === host)?.reason;
    expect(reasonOf('allowed.test')).toBe(null);
    expect(reasonOf('other.test')).toBe('observed');
    const suggestion = await service.api(
      'GET',
      `/api/v1/runs/${sandbox.runId}/egress?suggest=allowlist`,
    );
    expect(suggestion.body).toMatchObject({
      mode: 'observe',
      allowlist: ['93.184.216.34', 'allowed.test', 'other.test', 'special.test:8443'],
    });
  });

  it('says loudly that it is on', async () => {
    const [runtime, hardening, report, output] = await Promise.all([
      service.api('GET', '/api/v1/runtime'),
      service.api('GET', '/api/v1/hardening'),
      service.api('GET', `/api/v1/runs/${sandbox.runId}/sandbox`),
      service.api('GET', `/api/v1/runs/${sandbox.runId}/output`),
    ]);
    expect(JSON.stringify(runtime.body)).toContain('OBSERVED, NOT ENFORCED');
    const items = hardening.body.items as { id: string; status: string; title: string }[];
    expect(items.find(({ id }) => id === 'egress')).toMatchObject({ status: 'fail' });
    expect(JSON.stringify(report.body)).toContain('observe');
    const [first = ''] = output.text.split('\n');
    expect(JSON.parse(first)).toMatchObject({
      stream: 'system',
      text: expect.stringContaining('observed, not enforced') as string,
    });
  });

  it('is switched off while runs go on, and is not to be switched on that way', async () => {
    const patch = (egressMode: string) =>
      service.api('PATCH', '/api/v1/config/overlay', {
        body: { codex: { sandbox: { egressMode } } },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
    expect((await patch('enforce')).status).toBe(200);
    const found = await sandbox.probe({
      listed: curl('https://allowed.test/'),
      unlisted: curl('https://other.test/'),
    });
    expect(found.listed.out).toBe('200/200');
    expect(found.unlisted.out).toBe('403/000');
    await sandbox.end();
    await expectNoRemains(service);
  });
});
