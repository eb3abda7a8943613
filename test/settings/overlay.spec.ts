import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { cancelRun, sh, untilPrinted, untilStatus } from '../runs/run-questions.js';
import { executeBeside } from '../support/audited-database.js';
import { createRun, runToEnd } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { queryStored } from '../support/stored.js';

const OVERLAY = '/api/v1/config/overlay';
const LIMIT = 1_000_000;
const MOST_RUNS = 10_000;
const PATIENCE_MS = 240_000;

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    yaml: {
      rateLimits: { api: { limit: LIMIT } },
      runs: { maxConcurrent: MOST_RUNS, minFreeDisk: '1m' },
      codex: { sandbox: { resources: { memory: '4g' } } },
    },
  });
});
afterAll(() => service?.stop());

const put = (body: object, headers: Record<string, string> = {}) =>
  service.api('PUT', OVERLAY, { body, headers });
const patch = (body: object, headers: Record<string, string> = {}) =>
  service.api('PATCH', OVERLAY, { body, headers });

interface ConfigView {
  runs: { maxConcurrent: number };
  sources: Record<string, string>;
  pending: { keys: string[]; problems: string[] };
  setAside: { at: string; problems: string[] } | null;
}

async function config(): Promise<ConfigView> {
  const answer = await service.api('GET', '/api/v1/config');
  expect(answer.status, answer.text).toBe(200);
  return answer.body as ConfigView;
}

async function overlay(): Promise<unknown> {
  return (await service.api('GET', OVERLAY)).body;
}

async function auditOf(action: string): Promise<{ details: Record<string, unknown> }[]> {
  const answer = await service.api('GET', `/api/v1/audit?action=${action}&limit=200`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.items;
}

describe('the overlay', () => {
  it('is empty at first, and every value says who decided it', async () => {
    const answer = await service.api('GET', OVERLAY);
    expect(answer.body).toEqual({});
    expect(answer.headers.etag).toMatch(/^"[0-9a-f]{32}"$/);
    const { sources, pending, setAside } = await config();
    expect(sources).toMatchObject({
      'rateLimits.api.limit': 'file',
      'rateLimits.webhooks.limit': 'default',
      'codex.sandbox.network': 'file',
    });
    expect({ pending, setAside }).toEqual({ pending: { keys: [], problems: [] }, setAside: null });
  });

  it('counts at once: for the next request, and for the next run', async () => {
    const body = {
      rateLimits: { api: { limit: LIMIT - 1 } },
      codex: { sandbox: { resources: { memory: '64m' }, timeoutSeconds: 77 } },
    };
    const answer = await put(body);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({
      overlay: body,
      applied: [
        'codex.sandbox.resources.memory',
        'codex.sandbox.timeoutSeconds',
        'rateLimits.api.limit',
      ],
      needsRestart: [],
    });
    const read = await service.api('GET', OVERLAY);
    expect(read.body).toEqual(body);
    expect(read.headers).toMatchObject({
      etag: answer.headers.etag,
      'ratelimit-limit': String(LIMIT - 1),
    });
    expect(await config()).toMatchObject({
      rateLimits: { api: { limit: LIMIT - 1 } },
      codex: { sandbox: { resources: { memory: 64 * 1024 * 1024 } } },
      sources: { 'codex.sandbox.resources.memory': 'overlay', 'codex.sandbox.network': 'file' },
    });
    const { id } = await runToEnd(service, { issue: 'OVER-1', command: ['true'] });
    const report = await service.api('GET', `/api/v1/runs/${id}/sandbox`);
    expect(report.body.dockerRun.join(' ')).toContain(`--memory=${64 * 1024 * 1024}`);
  });

  it(
    'makes room for a run that waits',
    async () => {
      await patch({ runs: { maxConcurrent: 1 } });
      const first = await createRun(service, { issue: 'OVER-2', command: sh('echo up; sleep 90') });
      await untilPrinted(service, first, 'up');
      const second = await createRun(service, {
        issue: 'OVER-3',
        command: sh('echo up; sleep 90'),
      });
      expect((await service.api('GET', `/api/v1/runs/${second}`)).body.status).toBe('queued');
      expect((await patch({ runs: { maxConcurrent: 2 } })).status).toBe(200);
      await untilStatus(service, second, 'running', 60_000);
      await Promise.all([first, second].map((id) => cancelRun(service, id)));
    },
    PATIENCE_MS,
  );

  it('is patched as RFC 7396 says, by either media type, and removed', async () => {
    const type = { 'content-type': 'application/merge-patch+json' };
    const removed = await service.api('PATCH', OVERLAY, {
      body: JSON.stringify({ codex: null, runs: { maxConcurrent: null, outputLimit: '1m' } }),
      headers: type,
    });
    expect(removed.status, removed.text).toBe(200);
    expect(removed.body.applied).toEqual([
      'codex.sandbox.resources.memory',
      'codex.sandbox.timeoutSeconds',
      'runs.maxConcurrent',
      'runs.outputLimit',
    ]);
    expect(await overlay()).toEqual({
      rateLimits: { api: { limit: LIMIT - 1 } },
      runs: { outputLimit: '1m' },
    });
    expect((await service.api('PUT', OVERLAY, { body: '{}', headers: type })).status).toBe(415);
    expect((await service.api('DELETE', OVERLAY)).body.overlay).toEqual({});
    expect(await config()).toMatchObject({
      rateLimits: { api: { limit: LIMIT } },
      runs: { maxConcurrent: MOST_RUNS },
    });
  });

  it.each<[string, object, number, string, string[]]>([
    [
      'a misspelt key',
      { runs: { maxConcurent: 2 } },
      400,
      'validation_failed',
      ['runs.maxConcurent'],
    ],
    [
      'a wrong value beside a right one',
      { runs: { maxConcurrent: 2, minFreeDisk: 'much' } },
      400,
      'validation_failed',
      ['runs.minFreeDisk'],
    ],
    [
      'what belongs to the operator',
      {
        runs: { maxConcurrent: 2 },
        codex: { sandbox: { extraMounts: [], security: { noNewPrivileges: false } } },
      },
      422,
      'overlay_refused',
      ['codex.sandbox.extraMounts', 'codex.sandbox.security.noNewPrivileges'],
    ],
    [
      'what asks for more than the operator states',
      {
        rateLimits: { api: { limit: LIMIT + 1 }, webhooks: { limit: 9 } },
        runs: { maxConcurrent: 2, outputLimit: '65m', minFreeDisk: 0 },
        codex: { sandbox: { timeoutSeconds: 7200, resources: { memory: '5g' } } },
      },
      422,
      'overlay_refused',
      [
        'rateLimits.api.limit',
        'rateLimits.webhooks.limit',
        'runs.minFreeDisk',
        'codex.sandbox.resources.memory',
      ],
    ],
  ])('refuses %s by name, and changes nothing', async (_what, body, status, code, fields) => {
    const before = [await config(), await auditOf('config.overlay_changed')];
    for (const method of ['PUT', 'PATCH']) {
      const answer = await service.api(method, OVERLAY, { body });
      expect(answer.status, answer.text).toBe(status);
      expect(answer.body.error.code).toBe(code);
      expect(answer.body.error.details.map(({ field }: { field: string }) => field)).toEqual(
        fields,
      );
    }
    expect([await config(), await auditOf('config.overlay_changed')]).toEqual(before);
  });

  it('goes beyond a default, which is nobody’s decision', async () => {
    const answer = await put({ codex: { sandbox: { timeoutSeconds: 7200 } } });
    expect(answer.status, answer.text).toBe(200);
    expect(await config()).toMatchObject({
      codex: { sandbox: { timeoutSeconds: 7200 } },
      sources: { 'codex.sandbox.timeoutSeconds': 'overlay' },
    });
    await put({});
  });

  it('leaves one audit row a change, which names keys and holds no value', async () => {
    const before = await auditOf('config.overlay_changed');
    await put({ runs: { outputLimit: 1_234_567 } });
    await put({ runs: { outputLimit: 1_234_567 } });
    await patch({ runs: { outputLimit: null, maxConcurrent: 1 } });
    const rows = (await auditOf('config.overlay_changed')).slice(0, -before.length);
    expect(rows.map(({ details }) => details)).toEqual([
      { set: ['runs.maxConcurrent'], removed: ['runs.outputLimit'] },
      { set: ['runs.outputLimit'], removed: [] },
    ]);
    expect(JSON.stringify(rows)).not.toContain('1234567');
  });

  it('loses no concurrent change, and none overwrites what it has not seen', async () => {
    await put({});
    const changes = [
      { runs: { maxConcurrent: 3 } },
      { runs: { outputLimit: 5_000_000 } },
      { rateLimits: { webhooks: { limit: 19 } } },
      { codex: { sandbox: { timeoutSeconds: 9 } } },
      { codex: { sandbox: { resources: { pids: 99 } } } },
    ];
    const answers = await Promise.all(changes.map((body) => patch(body)));
    expect(answers.map(({ status }) => status)).toEqual(changes.map(() => 200));
    const all = {
      runs: { maxConcurrent: 3, outputLimit: 5_000_000 },
      rateLimits: { webhooks: { limit: 19 } },
      codex: { sandbox: { timeoutSeconds: 9, resources: { pids: 99 } } },
    };
    expect(await overlay()).toEqual(all);
    expect(await config()).toMatchObject(all);

    const { etag = '' } = (await service.api('GET', OVERLAY)).headers;
    const condition = { 'if-match': etag };
    const twins = await Promise.all(
      [21, 22, 23].map((maxConcurrent) => put({ runs: { maxConcurrent } }, condition)),
    );
    expect(twins.map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    const won = twins.find(({ status }) => status === 200);
    expect(await overlay()).toEqual(won?.body.overlay);
    expect((await patch({}, { 'if-match': `W/${String(won?.headers.etag)}` })).status).toBe(412);
    expect((await patch({}, { 'if-match': `"x", ${String(won?.headers.etag)}` })).status).toBe(200);
  });

  it(
    'is after a kill what was acknowledged, with a row for every change and none besides',
    async () => {
      await put({ runs: { maxConcurrent: 1 } });
      let [acknowledged, next] = [1, 2];
      const already = (await auditOf('config.overlay_changed')).length;
      for (let life = 0; life < 3; life += 1) {
        const killed = new Promise((resolve) => setTimeout(resolve, 150 + 100 * life)).then(() =>
          service.kill9(),
        );
        for (;;) {
          const answer = await put({ runs: { maxConcurrent: next } }).catch(() => null);
          if (answer === null) break;
          expect(answer.status, answer.text).toBe(200);
          acknowledged = next;
          next += 1;
        }
        await killed;
        await service.start();
        const { maxConcurrent } = (await config()).runs;
        expect([acknowledged, acknowledged + 1]).toContain(maxConcurrent);
        const rows = await queryStored<{ count: number }>(
          service.dataDir,
          "SELECT COUNT(*) AS count FROM audit_rows WHERE action = 'config.overlay_changed'",
        );
        expect(rows[0]?.count).toBe(already + maxConcurrent - 1);
        next = maxConcurrent + 1;
      }
      expect(acknowledged).toBeGreaterThan(3);
      expect((await service.api('GET', '/api/v1/audit/verify')).body.ok).toBe(true);
    },
    PATIENCE_MS,
  );
});

describe('an overlay that a start cannot use', () => {
  it(
    'is set aside, kept and told at every start, until a change follows',
    async () => {
      const [content, problem] = ['{"runs": {', /not JSON/] as const;
      await put({ runs: { maxConcurrent: 5 } });
      await service.kill9();
      await executeBeside(
        join(service.dataDir, 'risoluto.db'),
        `UPDATE config_overlays SET content = '${content}' WHERE id = 'current'`,
      );
      for (let starts = 0; starts < 2; starts += 1) {
        await service.start();
        expect(await overlay()).toEqual({});
        const { runs, setAside } = await config();
        expect(runs.maxConcurrent).toBe(MOST_RUNS);
        expect(setAside?.problems.join()).toMatch(problem);
        const ready = await service.api('GET', '/readyz');
        expect(ready.status).toBe(200);
        expect(ready.text).toMatch(/degraded/);
        expect(ready.text).toMatch(problem);
        await service.kill9();
      }
      expect(service.logs()).toMatch(/overlay is not used/);
      await service.start();
      const kept = await queryStored<{ content: string }>(
        service.dataDir,
        "SELECT content FROM config_overlays WHERE id LIKE 'set-aside-%' ORDER BY id DESC LIMIT 1",
      );
      expect(kept).toEqual([{ content }]);
      expect((await service.api('DELETE', OVERLAY)).status).toBe(200);
      expect((await config()).setAside).toBeNull();
      await service.restart();
      expect((await config()).setAside).toBeNull();
      expect((await service.api('GET', '/readyz')).text).not.toMatch(problem);
    },
    PATIENCE_MS,
  );
});

describe('an overlay that the file has become narrower than', () => {
  it(
    'counts where it still narrows, and is told until a change follows',
    async () => {
      await put({ runs: { maxConcurrent: 5, outputLimit: '1m' } });
      const text = await readFile(service.home.configFile, 'utf8');
      const narrower = text.replace(`maxConcurrent: ${MOST_RUNS}`, 'maxConcurrent: 4');
      expect(narrower).not.toBe(text);
      await writeFile(service.home.configFile, narrower);
      await service.restart();
      const told = /runs\.maxConcurrent: must be at most 4, .*; 5 was asked/;
      expect(await config()).toMatchObject({
        runs: { maxConcurrent: 4, outputLimit: 1024 * 1024 },
        sources: { 'runs.maxConcurrent': 'file', 'runs.outputLimit': 'overlay' },
        setAside: { problems: [expect.stringMatching(told)] },
      });
      expect(await overlay()).toEqual({ runs: { outputLimit: '1m' } });
      const ready = await service.api('GET', '/readyz');
      expect([ready.status, ready.text]).toEqual([200, expect.stringMatching(told)]);

      await writeFile(service.home.configFile, text);
      await service.restart();
      expect(await config()).toMatchObject({ runs: { maxConcurrent: 5 }, setAside: null });

      await writeFile(service.home.configFile, narrower);
      await service.restart();
      expect((await patch({})).status).toBe(200);
      expect((await config()).setAside).toBeNull();
      await writeFile(service.home.configFile, text);
      await service.restart();
      expect((await config()).runs.maxConcurrent).toBe(MOST_RUNS);
      await put({});
    },
    PATIENCE_MS,
  );
});

describe('the file', () => {
  it('that was changed since the start shows what waits for the next one', async () => {
    const text = await readFile(service.home.configFile, 'utf8');
    await writeFile(
      service.home.configFile,
      text.replace(`maxConcurrent: ${MOST_RUNS}`, 'maxConcurrent: 9'),
    );
    expect((await config()).pending).toEqual({ keys: ['runs.maxConcurrent'], problems: [] });
    await writeFile(service.home.configFile, `${text}\nrunz: {}\n`);
    expect((await config()).pending).toMatchObject({
      keys: [],
      problems: [expect.stringMatching(/runz: unknown key; did you mean runs/)],
    });
    await writeFile(service.home.configFile, text);
  });
});
