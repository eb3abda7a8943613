import { describe, expect, it } from 'vitest';

import { ERROR_KINDS } from '../../src/kernel/error-codes.js';
import { STATUS_OF_KIND } from '../../src/http/error-status.js';
import { apiDocument, headersOf, schemaAt, templateOf } from '../support/api-document.js';
import { expectAsDocumented } from '../support/conformance.js';

const operations = Object.entries(apiDocument().paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);
const schemas = Object.entries(apiDocument().components.schemas);

describe.each(operations)('$method $path', ({ path, method, operation }) => {
  it('tells a reader who has nothing else what it does and what it takes', () => {
    expect(operation.summary).toMatch(/^[A-Z][^.]+$/);
    expect(operation.description).toMatch(/\.$/);
    const tags = apiDocument().tags.map(({ name }) => name);
    expect(tags).toContain(operation.tags?.[0]);
    for (const parameter of operation.parameters ?? []) {
      expect(parameter.description, parameter.name).toMatch(/\w/);
      expect(parameter.required, parameter.name).toBe(parameter.in === 'path');
      // Swagger UI sends what it fills in: an optional parameter is filled in by its default alone.
      const filledIn = parameter.schema.example !== undefined;
      expect(filledIn, parameter.name).toBe(parameter.in === 'path');
    }
  });

  it('has bodies to paste, each of which its own schema allows', () => {
    for (const [type, media] of Object.entries(operation.requestBody?.content ?? {})) {
      const examples = Object.entries(media.examples ?? {});
      // Nobody pastes an archive; `docs/workspaces.md` shows how one is sent.
      if (type === 'application/gzip') continue;
      expect(examples.length).toBeGreaterThan(0);
      const validate = schemaAt('paths', path, method, 'requestBody', 'content', type, 'schema');
      for (const [name, { summary, value }] of examples) {
        expect(summary, name).toMatch(/\w/);
        expect(validate(value), `${name}: ${JSON.stringify(validate.errors)}`).toBe(true);
      }
    }
  });

  it('describes each answer, and each error code under its status', () => {
    for (const [status, response] of Object.entries(operation.responses)) {
      expect(response.description, status).toMatch(/\w/);
      const media = Object.values(response.content ?? {});
      expect(media.length > 0, status).toBe(status !== '204');
      for (const { schema } of media) expect(schema, status).toBeDefined();
      if (Number(status) < 400) continue;
      const codes = Object.keys(media[0]?.examples ?? {}) as (keyof typeof ERROR_KINDS)[];
      expect(codes.length, status).toBeGreaterThan(0);
      for (const code of codes) expect(STATUS_OF_KIND[ERROR_KINDS[code]]).toBe(Number(status));
      for (const [name, { schema }] of headersOf(response))
        expect(schema?.type, name).toBeDefined();
    }
  });
});

describe.each(schemas)('the schema %s', (_name, schema) => {
  it('says what it is, and what each of its properties is', () => {
    expect(schema.description).toMatch(/\w/);
    const told = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
      name,
      told: JSON.stringify(property).includes('"description"') || '$ref' in (property as object),
    }));
    expect(told.filter((property) => !property.told)).toEqual([]);
  });
});

describe('the comparison of answers with the document', () => {
  const headers = {
    'x-request-id': '01JD3Q0V5Z8W9X7Y6T5S4R3Q2P',
    'content-type': 'application/json; charset=utf-8',
    'ratelimit-limit': '300',
    'ratelimit-remaining': '299',
    'ratelimit-reset': '60',
  };
  const list = { method: 'GET', path: '/api/v1/secrets', status: 200, headers };
  const text = JSON.stringify({ keys: [], secrets: [] });
  const refusal = JSON.stringify({ error: { code: 'secrets_locked', message: 'no key' } });

  it('lets through what is documented', () => {
    expectAsDocumented({ ...list, text });
    expectAsDocumented({ ...list, status: 503, text: refusal });
    expectAsDocumented({ ...list, method: 'HEAD', text: '' });
    expect(templateOf('/api/v1/audit/verify')).toBe('/api/v1/audit/verify');
    expect(templateOf('/api/v1/secrets/A.B')).toBe('/api/v1/secrets/{key}');
  });

  it.each([
    ['a status', { status: 418, text }, /Secrets\.list documents 200/],
    ['a path', { path: '/api/v2/secrets', text }, /the path is not documented/],
    ['a method', { method: 'PATCH', text }, /documents no PATCH/],
    ['a code', { status: 401, text: refusal }, /secrets_locked is not one of read_unauthorized/],
    ['an envelope', { path: '/nothing', status: 404, text: '{"error":"no"}' }, /must be object/],
    ['a field', { text: '{"keys":[],"secrets":[],"more":1}' }, /"additionalProperty":"more"/],
    ['a field of an item', { text: '{"keys":[],"secrets":[{"key":"A"}]}' }, /secrets\/0 must have/],
    ['a missing field', { text: '{"keys":[]}' }, /"missingProperty":"secrets"/],
    [
      'a content type',
      { headers: { ...headers, 'content-type': 'text/html' }, text },
      /text\/html/,
    ],
    [
      'a lost header',
      { headers: { ...headers, 'ratelimit-limit': undefined }, text },
      /RateLimit-L/,
    ],
    ['a lost id', { headers: { ...headers, 'x-request-id': undefined }, text }, /no X-Request-ID/],
    [
      'a retry that is no number',
      { headers: { ...headers, 'ratelimit-reset': 'soon' }, text },
      /soon/,
    ],
    ['a bare 429', { status: 429, text: refusal }, /no header Retry-After/],
  ])('finds %s that is not', (_what, change, message) => {
    expect(() => expectAsDocumented({ ...list, ...change })).toThrow(message);
  });
});
