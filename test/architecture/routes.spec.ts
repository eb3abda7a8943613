import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ERROR_KINDS } from '../../src/kernel/error-codes.js';
import { RunningService } from '../support/service.js';

const SCRIPT = fileURLToPath(new URL('../support/describe-routes.mjs', import.meta.url));

interface Declared {
  access?: string;
  rateGroup?: string;
  audited?: string;
  failsWith: string[];
  writeParameter?: string;
}

interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: Record<string, unknown>[];
  requestBody?: unknown;
  parameters?: { name: string; in: string; description?: string }[];
  responses: Record<string, { description: string; headers?: object; content?: object }>;
}

interface Schema {
  type?: string;
  properties?: object;
  additionalProperties?: unknown;
}

interface Report {
  guards: string[];
  routes: string[];
  declared: Record<string, Declared>;
  document: {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  };
}

/** Swagger UI's own files, which Nest's swagger module registers beside Nest's router. */
const DOCUMENTATION = /^(GET|HEAD) \/docs(\/|$)/;

let service: RunningService;
let report: Report;
let operations: Map<string, { operation: Operation; declared: Declared | undefined }>;

beforeAll(async () => {
  service = await RunningService.prepare({});
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], {
    env: service.env,
    maxBuffer: 16 * 1024 * 1024,
  });
  report = JSON.parse(stdout) as Report;
  operations = new Map();
  for (const [path, item] of Object.entries(report.document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const route = `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`;
      if (!DOCUMENTATION.test(route))
        operations.set(route, { operation, declared: report.declared[operation.operationId] });
    }
  }
});

afterAll(() => service.stop());

/** Runs `check` for every operation and reports all that fail at once, by name. */
function everyOperation(
  check: (operation: Operation, declared: Declared, route: string) => boolean,
) {
  const failing = [...operations]
    .filter(([route, { operation, declared }]) => !declared || !check(operation, declared, route))
    .map(([route]) => route);
  expect(failing).toEqual([]);
}

describe('every route of the built service', () => {
  it('is documented, and everything documented is a route', () => {
    const routes = report.routes.filter(
      (route) => !DOCUMENTATION.test(route) && !route.startsWith('HEAD '),
    );
    expect(routes.toSorted()).toEqual([...operations.keys()].toSorted());
    expect(routes.length).toBeGreaterThan(15);
  });

  it('declares who may call it, itself', () => {
    everyOperation((_operation, { access }) =>
      ['public', 'read', 'write', 'signed'].includes(access ?? ''),
    );
  });

  it('needs write access where its method writes, and only there', () => {
    everyOperation((_operation, { access }, route) => {
      const writes = !/^(GET|HEAD|OPTIONS) /.test(route);
      return writes === (access === 'write' || access === 'signed');
    });
  });

  it('declares its rate group: api for /api and /metrics, webhooks for /webhooks', () => {
    everyOperation((_operation, { rateGroup }, route) => {
      if (/ \/(api\/|metrics$)/.test(route)) return rateGroup === 'api';
      return rateGroup === (route.includes(' /webhooks/') ? 'webhooks' : 'none');
    });
  });

  it('declares its audit action: one for a write, none for a read', () => {
    everyOperation((_operation, { access, audited }) => {
      const writes = access === 'write' || access === 'signed';
      return writes ? /^[a-z_]+\.[a-z_]+$/.test(audited ?? '') : audited === 'none';
    });
  });

  it('documents every error code that it declares, and only codes that exist', () => {
    everyOperation(({ responses }, { failsWith }) => {
      const documented = Object.values(responses)
        .map((response) => response.description)
        .join();
      return failsWith.every((code) => code in ERROR_KINDS && documented.includes(`\`${code}\``));
    });
  });

  it('documents the errors of its kind', () => {
    everyOperation(({ responses, requestBody, parameters }, { access, rateGroup }) => {
      const expected = ['400', '405', '408', '431', '500', '503'];
      if (rateGroup !== 'none') expected.push('429');
      if (access === 'read') expected.push('401');
      if (access === 'write') expected.push('401', '403', '413');
      if (requestBody) expected.push('415');
      if (parameters?.some((parameter) => parameter.in === 'path')) expected.push('414');
      return expected.every((status) => status in responses);
    });
  });

  it('documents the envelope of each error and the headers of each answer', () => {
    everyOperation(({ responses }, { rateGroup }) =>
      Object.entries(responses).every(([status, response]) => {
        const names = Object.keys(response.headers ?? {});
        const envelope = JSON.stringify(response.content ?? {}).includes('/ErrorEnvelope');
        return (
          names.includes('X-Request-ID') &&
          names.includes('RateLimit-Remaining') === (rateGroup !== 'none') &&
          envelope === Number(status) >= 400
        );
      }),
    );
  });

  it('has a success, a summary and a tag', () => {
    everyOperation(
      ({ responses, summary, tags }) =>
        Object.keys(responses).some((status) => status.startsWith('2')) &&
        (summary ?? '') !== '' &&
        (tags ?? []).length > 0,
    );
  });

  it('says that a body is needed where it takes one, by a schema of its own', () => {
    everyOperation(({ requestBody }) =>
      requestBody === undefined
        ? true
        : // An archive is bytes; the overlay's schema is made from that of the settings.
          /\$ref|application\/gzip|"additionalProperties":false,"properties"/.test(
            JSON.stringify(requestBody),
          ),
    );
  });

  it('has a schema that says what is in it', () => {
    const empty = Object.entries(report.document.components.schemas).filter(
      ([, schema]) =>
        schema.type === 'object' &&
        schema.additionalProperties === undefined &&
        Object.keys(schema.properties ?? {}).length === 0,
    );
    expect(empty.map(([name]) => name)).toEqual([]);
  });

  it('offers the bearer token where one may be needed', () => {
    everyOperation(({ security }, { access }) => {
      const offered = (security ?? []).some((one) => 'bearer' in one);
      return offered === (access === 'read' || access === 'write');
    });
  });
});

describe('the global guards', () => {
  it('are the limit and then the access guard, and no others', () => {
    expect(report.guards).toEqual(['RateLimitGuard', 'AccessGuard']);
  });
});
