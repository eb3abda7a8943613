import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { finishRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { world } from '../support/world.js';
import { Browser, type WatchedPage } from './browser.js';
import { SwaggerPage } from './swagger-page.js';

const WRITE_TOKEN = 'browser-write-token-0123456789abcdef';
const READ_TOKEN = 'browser-read-token-0123456789abcdef';
const VALUE = 'hello-from-a-secret';

// Chromium draws a large page; with other worlds beside it, slowly.
vi.setConfig({ testTimeout: 150_000, hookTimeout: 180_000 });

let browser: Browser;

beforeAll(async () => {
  browser = await Browser.open();
});

afterAll(() => browser.close());

function expectOnlyFrom(origin: string, { requests, failures }: WatchedPage): void {
  const foreign = requests.filter(
    (url) => !url.startsWith(`${origin}/`) && !url.startsWith('data:'),
  );
  expect(foreign).toEqual([]);
  expect(failures).toEqual([]);
  expect(requests.length).toBeGreaterThan(3);
}

describe('Swagger UI on the service’s own machine', () => {
  let service: RunningService;
  let watched: WatchedPage;
  let swagger: SwaggerPage;
  let runId: string;

  beforeAll(async () => {
    service = await startService();
    watched = await browser.page();
    swagger = new SwaggerPage(watched.page);
  });
  afterAll(() => service.stop());

  it('opens with nothing from elsewhere and nothing to complain of', async () => {
    await swagger.open(service.url);
    expect(await watched.page.title()).toBe('Risoluto API');
    expect(await watched.page.locator('.information-container').innerText()).toContain(
      'The first three calls',
    );
    expectOnlyFrom(service.url, watched);
    expect(watched.complaints).toEqual([]);
  });

  it('is held by its policy: a script that is written into the page does not run', async () => {
    const other = await browser.page();
    await other.page.goto(`${service.url}/docs`);
    await other.page.locator('.opblock').first().waitFor();
    const injected = other.page.evaluate(`(() => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);
      return window.ran === true;
    })()`);
    expect(await injected).toBe(false);
    expect(other.complaints.join()).toMatch(/Content Security Policy/);
  });

  it('sets a secret with what is filled in', async () => {
    const put = swagger.operation('put', '/api/v1/secrets/{key}');
    await put.tryOut();
    expect(await put.execute()).toEqual({ status: 204, body: '' });
    const { body } = await service.api('GET', '/api/v1/secrets');
    expect(body.keys).toEqual(['GREETING']);
  });

  it('starts a run with that secret', async () => {
    const post = swagger.operation('post', '/api/v1/runs');
    await post.tryOut();
    await post.choose('A command with a secret');
    const answer = await post.execute();
    expect(answer.status, answer.body).toBe(202);
    runId = (JSON.parse(answer.body) as { id: string }).id;
    expect(await finishRun(service, runId)).toMatchObject({ status: 'succeeded', exitCode: 0 });
  });

  it('shows the run’s output with the secret masked, and its sandbox', async () => {
    const output = swagger.operation('get', '/api/v1/runs/{id}/output');
    await output.tryOut();
    await output.fill('id', runId);
    const shown = await output.execute();
    expect(shown.status).toBe(200);
    expect(shown.body).toMatch(/^The greeting is \*\*\*\nuid=/);
    const sandbox = swagger.operation('get', '/api/v1/runs/{id}/sandbox');
    await sandbox.tryOut();
    await sandbox.fill('id', runId);
    const report = await sandbox.execute();
    expect(report.status).toBe(200);
    expect(report.body).toContain('"security.noNewPrivileges"');
    expect(shown.body + report.body).not.toContain(VALUE);
  });

  it('has asked nobody else, and complained of nothing, to the end', () => {
    expectOnlyFrom(service.url, watched);
    expect(watched.complaints).toEqual([]);
  });
});

describe('Swagger UI on another machine, under a read and a write token', () => {
  let service: RunningService;
  let origin: string;
  let watched: WatchedPage;
  let swagger: SwaggerPage;

  beforeAll(async () => {
    const env = {
      RISOLUTO_BIND: '0.0.0.0',
      RISOLUTO_WRITE_TOKEN: WRITE_TOKEN,
      RISOLUTO_READ_TOKEN: READ_TOKEN,
    };
    service = await startService({ env });
    origin = service.url.replace('127.0.0.1', world.addresses.host);
    watched = await browser.page();
    swagger = new SwaggerPage(watched.page);
  });
  afterAll(() => service.stop());

  it('opens without a token, and refuses a read without one', async () => {
    await swagger.open(origin);
    const list = swagger.operation('get', '/api/v1/secrets');
    await list.tryOut();
    const refused = await list.execute();
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'read_unauthorized' } });
  });

  it('with the read token reads, and does not write', async () => {
    await swagger.authorize(READ_TOKEN);
    const list = await swagger.operation('get', '/api/v1/secrets').execute();
    expect(list.status, list.body).toBe(200);
    const put = swagger.operation('put', '/api/v1/secrets/{key}');
    await put.tryOut();
    const refused = await put.execute();
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.body)).toMatchObject({ error: { code: 'write_unauthorized' } });
  });

  it('with a wrong token shows the envelope', async () => {
    await swagger.logOut();
    await swagger.authorize('not-the-token');
    const refused = await swagger.operation('put', '/api/v1/secrets/{key}').execute();
    expect(refused.status).toBe(401);
    expect(JSON.parse(refused.body)).toEqual({
      error: { code: 'write_unauthorized', message: expect.stringContaining('Bearer') },
    });
    expect((await swagger.operation('get', '/api/v1/secrets').execute()).status).toBe(401);
  });

  it('with the write token sets a secret, starts a run with it and reads its output', async () => {
    await swagger.logOut();
    await swagger.authorize(WRITE_TOKEN);
    expect((await swagger.operation('put', '/api/v1/secrets/{key}').execute()).status).toBe(204);
    const post = swagger.operation('post', '/api/v1/runs');
    await post.tryOut();
    await post.choose('A command with a secret');
    const created = await post.execute();
    expect(created.status, created.body).toBe(202);
    const { id } = JSON.parse(created.body) as { id: string };
    await finishRun(service, id);
    const output = swagger.operation('get', '/api/v1/runs/{id}/output');
    await output.tryOut();
    await output.fill('id', id);
    const shown = await output.execute();
    expect(shown.status).toBe(200);
    expect(shown.body).toMatch(/^The greeting is \*\*\*\nuid=/);
  });

  it('forgets its token, and leaves it in no address, no store and no log', async () => {
    expectOnlyFrom(origin, watched);
    const stores = await watched.page.evaluate<string>(
      'JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])',
    );
    const traces = stores + watched.requests.join() + service.logs();
    for (const token of [READ_TOKEN, WRITE_TOKEN]) expect(traces).not.toContain(token);
    expect(service.logs()).toContain('/api/v1/secrets');
    await swagger.open(origin);
    const list = swagger.operation('get', '/api/v1/secrets');
    await list.tryOut();
    expect((await list.execute()).status).toBe(401);
  });
});
