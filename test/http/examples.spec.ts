import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { apiDocument, type DocumentedOperation } from '../support/api-document.js';
import { createRun } from '../support/runs.js';
import { startService, type RunningService } from '../support/service.js';
import { issueUpdate, LINEAR_SECRET, send, settled, signedByLinear } from '../webhooks/senders.js';
import { tarGz } from '../workspaces/tar-bytes.js';

interface Example {
  name: string;
  method: string;
  path: string;
  operation: DocumentedOperation;
  body: unknown;
}

const examples = Object.entries(apiDocument().paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, operation]) => examplesOf(path, method, operation)),
);
/** What only its sender can sign, and at its time: test/webhooks sends these. */
const isSigned = ({ path }: Example) => path.startsWith('/webhooks/');
/** What needs an agent, or is for one: test/codex/codex-people.spec.ts sends these. */
const isForAgent = ({ path, method, name }: Example) =>
  method !== 'GET' && (name === 'agent' || /\/(approvals|compact|turns\/current\/\w+)$/.test(path));
/** What needs a message that was given up: test/webhooks/outbound.spec.ts sends it. */
const isForMessage = ({ path, method }: Example) =>
  method === 'POST' && path.startsWith('/api/v1/webhooks/outbox/');
const writing = examples.filter(
  (one) => one.body !== undefined && !isSigned(one) && !isForAgent(one),
);
const reading = examples.filter(({ method }) => method === 'GET');
const rest = examples.filter(
  (one) => one.method !== 'GET' && one.body === undefined && !isForAgent(one) && !isForMessage(one),
);

let service: RunningService;
let runId: string;
let deliveryId: string;
let keptId = '';

beforeAll(async () => {
  service = await startService({ env: { RISOLUTO_LINEAR_WEBHOOK_SECRET: LINEAR_SECRET } });
  deliveryId = (await send(service, signedByLinear(issueUpdate('MT-1')))).body.id as string;
  await settled(service);
});

afterAll(() => service.stop());

function examplesOf(path: string, method: string, operation: DocumentedOperation): Example[] {
  const bodies = Object.values(operation.requestBody?.content ?? {}).flatMap((media) =>
    Object.entries(media.examples ?? {}).map(([name, { value }]) => ({ name, body: value })),
  );
  const calls = bodies.length > 0 ? bodies : [{ name: 'the call', body: undefined }];
  return calls.map((call) => ({ ...call, method: method.toUpperCase(), path, operation }));
}

/** The path with the examples of its parameters; a run's id is one of this service. */
function filled({ path, operation }: Example, id: string): string {
  return path.replace(/\{(\w+)\}/g, (_all, name: string) => {
    if (path.startsWith('/api/v1/runs/{id}') && name === 'id') return id;
    if (path.startsWith('/api/v1/webhooks/deliveries/{id}') && name === 'id') return deliveryId;
    const parameter = (operation.parameters ?? []).find((one) => one.name === name);
    return String(parameter?.schema.example);
  });
}

function successOf({ operation }: Example): number {
  return Number(Object.keys(operation.responses).find((status) => status.startsWith('2')));
}

/** What Swagger UI sends when nothing is changed: the defaults. */
function defaultsOf({ operation }: Example): string {
  const defaults = (operation.parameters ?? [])
    .filter(({ in: place, schema }) => place === 'query' && schema.default !== undefined)
    .map(({ name, schema }) => `${name}=${String(schema.default)}`);
  return defaults.length > 0 ? `?${defaults.join('&')}` : '';
}

describe('the examples of the document, sent as they are', () => {
  it.each(writing)('$method $path: $name', async (example) => {
    const path = filled(example, keptId);
    const answer = await service.api(example.method, path, { body: example.body });
    expect(answer.status, answer.text).toBe(successOf(example));
    if (!example.path.startsWith('/api/v1/runs')) return;
    const at = `${answer.headers.location}?wait=60`;
    const ended = await service.api('GET', at);
    expect(ended.body, ended.text).toMatchObject({ exitCode: 0 });
    if (ended.body.keepAlive === true) keptId = ended.body.id as string;
    else if (ended.body.id !== undefined) runId = ended.body.id as string;
  });

  it.each(reading)('$method $path', async (example) => {
    const media = Object.keys(example.operation.responses['200']?.content ?? {});
    expect(media.length).toBeGreaterThan(0);
    for (const accept of media) {
      const path = `${filled(example, runId)}${defaultsOf(example)}`;
      const answer = await service.api('GET', path, { headers: { accept } });
      expect(answer.status, answer.text).toBe(200);
      expect(answer.headers['content-type']).toContain(accept);
    }
  });

  it.each(rest)('$method $path', async (example) => {
    const body = { issue: 'MT-9', command: ['sleep', '300'] };
    const id = example.path.startsWith('/api/v1/runs/{id}') ? await createRun(service, body) : '';
    const takesArchive = example.operation.requestBody?.content['application/gzip'] !== undefined;
    const answer = await service.api(example.method, filled(example, id), {
      ...(takesArchive && {
        body: tarGz({ name: 'README', body: 'hello' }),
        headers: { 'content-type': 'application/gzip' },
      }),
    });
    expect(answer.status, answer.text).toBe(successOf(example));
  });
});
