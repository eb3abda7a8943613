import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createRun, finishRun, runToEnd } from '../support/runs.js';
import { expectNoRemains } from '../support/remains.js';
import { showRun, UNLIMITED, untilPrinted } from '../runs/run-questions.js';
import { until } from '../runs/until.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import type { Probe } from './probed.js';
import { PUBLIC, Sandbox, setAllowlist, startFiltered } from './sandboxes.js';

const DRIP = (host: string) => String.raw`GET /drip HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const OPEN = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };

const curl = (url: string): Probe => ({
  do: 'bash',
  script: `curl -sk --max-time 3 -w ' %{http_connect}/%{http_code}' ${url}`,
});

/** Milliseconds since 1970 of its last byte and of its end, 0 where it goes on. */
async function heldIn(sandbox: Sandbox, file: string): Promise<{ last: number; closed: number }> {
  const lines = (await sandbox.bash(`cat ${file} 2>/dev/null || true`)).trim().split('\n');
  const closed = lines.find((line) => line.endsWith('closed'));
  const bytes = lines.filter((line) => !line.endsWith('closed'));
  return {
    last: Number.parseInt(bytes.at(-1) ?? '0', 10),
    closed: Number.parseInt(closed ?? '0', 10),
  };
}

describe('a change of the allowlist', () => {
  let service: RunningService;
  let sandbox: Sandbox;

  beforeAll(async () => {
    const egressAllowlist = ['kept.test', 'gone.test', '*.wild.test'];
    service = await startFiltered({ sandbox: { egressAllowlist } });
    sandbox = await Sandbox.start(service, 'LIVE-1');
  });
  afterAll(() => service?.stop());

  it('acts on running sandboxes within a second, both ways, and cuts what is not allowed now', async () => {
    await sandbox.hold('kept.test:80', DRIP('kept.test'), '/tmp/kept');
    await sandbox.hold('gone.test:80', DRIP('gone.test'), '/tmp/gone');
    for (const file of ['/tmp/kept', '/tmp/gone']) {
      await until(`${file} to talk`, async () =>
        (await heldIn(sandbox, file)).last > 0 ? true : null,
      );
    }
    const before = await sandbox.probe({
      gone: curl('https://gone.test/'),
      later: curl('https://later.test/'),
    });
    expect(before.gone.out).toMatch(/ 200\/200$/);
    expect(before.later.out).toMatch(/ 403\/000$/);

    const changing = Date.now();
    await setAllowlist(service, ['kept.test', 'later.test']);
    const changed = Date.now();
    const after = await sandbox.probe({
      gone: curl('https://gone.test/'),
      wild: curl('http://a.wild.test/'),
      later: curl('https://later.test/'),
    });
    expect(after.gone.out).toMatch(/ 403\/000$/);
    expect(after.wild.out).toMatch(/ 000\/403$/);
    expect(after.later.out).toMatch(/ 200\/200$/);
    const gone = await until('the tunnel to be cut', async () => {
      const held = await heldIn(sandbox, '/tmp/gone');
      return held.closed > 0 ? held : null;
    });
    expect(gone.closed).toBeGreaterThanOrEqual(changing);
    expect(gone.closed - changed).toBeLessThan(1000);
    const kept = await heldIn(sandbox, '/tmp/kept');
    expect(kept.closed).toBe(0);
    expect(kept.last).toBeGreaterThan(gone.closed);
    const decided = await sandbox.untilDecided('the cut', (all) =>
      all.some(({ reason }) => reason === 'no_longer_listed'),
    );
    expect(decided.find(({ reason }) => reason === 'no_longer_listed')).toMatchObject({
      host: 'gone.test',
      port: 80,
      durationMs: expect.any(Number) as number,
    });
    await sandbox.end();
  });

  it('a request narrows it for its run, and never widens it', async () => {
    await setAllowlist(service, ['kept.test', '*.wild.test']);
    const narrowed = await Sandbox.start(service, 'LIVE-2', { egressAllowlist: ['a.wild.test'] });
    const found = await narrowed.probe({
      own: curl('https://a.wild.test/'),
      beside: curl('https://b.wild.test/'),
      kept: { do: 'tunnel', to: 'kept.test:443' },
    });
    expect(found.own.out).toMatch(/ 200\/200$/);
    expect(found.beside.out).toMatch(/ 403\/000$/);
    expect(found.kept).toMatchObject({ status: 403, reason: 'not_listed' });
    expect(found.kept.text).toContain('of this run');
    // The operator’s list and the run’s must both hold it.
    await setAllowlist(service, ['kept.test']);
    const later = await narrowed.probe({ own: curl('https://a.wild.test/') });
    expect(later.own.out).toMatch(/ 403\/000$/);
    await narrowed.end();

    const wider = await service.api('POST', '/api/v1/runs', {
      body: {
        issue: 'LIVE-3',
        command: ['true'],
        policy: { ...OPEN, egressAllowlist: ['other.test'] },
      },
    });
    expect(wider.status).toBe(422);
    expect(wider.body.error.code).toBe('policy_widened');
  });

  it('a run without network access stays closed whatever it is', async () => {
    const closed = await Sandbox.start(service, 'LIVE-4', { networkAccess: false });
    await world.clear();
    expect(await closed.bash('echo "$HTTP_PROXY"')).toBe('\n');
    const { network } = await closed.place();
    expect(network).toBe(`${service.network}-filtered`);
    const found = await closed.probe({ direct: curl(`http://${PUBLIC}/`) });
    expect(found.direct.out).toMatch(/^ 000\/000$/);
    expect(await world.arrivals()).toEqual([]);
    await closed.end();
    await expectNoRemains(service);
  });
});

describe('an allowlist that is empty at first', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({
      yaml: {
        ...UNLIMITED,
        runs: { maxConcurrent: 4 },
        codex: { sandbox: { dns: [world.addresses.resolver] } },
      },
    });
  });
  afterAll(() => service?.stop());

  const drip = [
    'bash',
    '-c',
    `exec 3<>/dev/tcp/${PUBLIC}/80; printf 'GET /drip HTTP/1.1\r\n\r\n' >&3;
    cat <&3 | while read -r line; do echo "$line"; done; sleep 60`,
  ];

  it('closes the sandboxes on the open network when it is set, and filters those that come', async () => {
    const open = await createRun(service, { issue: 'OPEN-1', command: drip, policy: OPEN });
    await untilPrinted(service, open, 'world');
    expect((await service.api('GET', `/api/v1/runs/${open}/egress`)).body.items).toEqual([]);

    await setAllowlist(service, ['kept.test']);
    const changed = Date.now();
    const lastHeard = async () => {
      const answer = await service.api('GET', `/api/v1/runs/${open}/output`);
      const lines = answer.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { at: string });
      return Date.parse(lines.at(-1)?.at ?? '');
    };
    await until('it to fall silent', async () =>
      Date.now() - (await lastHeard()) > 1500 ? true : null,
    );
    expect((await lastHeard()) - changed).toBeLessThan(1000);
    expect((await showRun(service, open)).status).toBe('running');
    // What the open sandbox still sends reaches nobody.
    await world.clear();
    const filtered = await runToEnd(service, {
      issue: 'OPEN-2',
      command: [
        'sh',
        '-c',
        `curl -s http://kept.test/; curl -s --noproxy '*' --max-time 2 http://${PUBLIC}/; echo $?`,
      ],
      policy: OPEN,
    });
    expect(filtered.stdout).toMatch(/^world .*\n(7|28)\n$/);
    expect((await world.arrivals()).map(({ to }) => to)).not.toContain(PUBLIC);
    await service.api('POST', `/api/v1/runs/${open}/cancel`);
    await finishRun(service, open);
  });

  it('leaves those behind the gateway there when it is emptied, and lets them through', async () => {
    const sandbox = await Sandbox.start(service, 'OPEN-3');
    const before = await sandbox.probe({ other: curl('https://other.test/') });
    expect(before.other.out).toMatch(/ 403\/000$/);
    await setAllowlist(service, []);
    await world.clear();
    const after = await sandbox.probe({
      other: curl('https://other.test/'),
      direct: curl(`--noproxy '*' http://${PUBLIC}/`),
      metadata: { do: 'tunnel', to: '169.254.169.254:80' },
    });
    expect(after.other.out).toMatch(/ 200\/200$/);
    expect(after.direct.out).toMatch(/^ 000\/000$/);
    expect(after.metadata).toMatchObject({ status: 403, reason: 'blocked_address' });
    expect((await world.arrivals()).map(({ to }) => to)).not.toContain(PUBLIC);
    await sandbox.end();
    const open = await runToEnd(service, {
      issue: 'OPEN-4',
      command: ['curl', '-s', `http://${PUBLIC}/`],
      policy: OPEN,
    });
    expect(open.stdout).toBe(`world ${PUBLIC} 80\n`);
    await expectNoRemains(service);
  });
});
