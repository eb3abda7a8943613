import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { DockerEngine } from './docker-engine.js';
import { operationOf } from './timed-calls.js';

let server: Server | undefined;

afterEach(() => server?.close());

describe('operationOf', () => {
  it.each([
    ['GET', '/info', 'GET /info'],
    ['POST', '/containers/create?name=risoluto-x', 'POST /containers/create'],
    ['POST', '/containers/0a1b2c/start?', 'POST /containers/{name}/start'],
    ['DELETE', '/containers/0a1b2c?force=true', 'DELETE /containers/{name}'],
    ['GET', '/images/registry.example/a/b:latest/json', 'GET /images/{name}/json'],
    ['GET', '/_ping', 'GET /_ping'],
    ['GET', '/a/b/c/d/e', 'GET /{name}'],
  ])('of %s %s is %s', (method, path, operation) => {
    expect(operationOf({ method, path })).toBe(operation);
  });
});

describe('the calls of the engine', () => {
  it('are told with how they ended', async () => {
    server = createServer((request, response) => {
      response.statusCode = request.url?.startsWith('/info') === true ? 200 : 404;
      response.end('{}');
    });
    await new Promise<void>((resolve) => void server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const told: unknown[] = [];
    const engine = new DockerEngine(`tcp://127.0.0.1:${port}`, (operation, outcome, seconds) => {
      told.push([operation, outcome, seconds > 0]);
    });
    await engine.info();
    await expect(engine.inspectImage('none')).rejects.toThrow();
    expect(told).toEqual([
      ['GET /info', 'ok', true],
      ['GET /images/{name}/json', 'error', true],
    ]);
  });
});
