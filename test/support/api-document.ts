import { readFileSync } from 'node:fs';

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const FILE = new URL('../../dist/openapi.json', import.meta.url);
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

interface Header {
  $ref?: string;
  required?: boolean;
  schema?: { type?: string };
}

interface Media {
  schema?: { 'x-item-schema'?: unknown };
  examples?: Record<string, unknown>;
}

export interface DocumentedResponse {
  description: string;
  headers?: Record<string, Header>;
  content?: Record<string, Media>;
}

export interface DocumentedOperation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: {
    name: string;
    in: string;
    description?: string;
    required?: boolean;
    schema: { type?: string; example?: unknown; default?: unknown };
  }[];
  requestBody?: {
    content: Record<string, { examples?: Record<string, { summary?: string; value: unknown }> }>;
  };
  responses: Record<string, DocumentedResponse>;
}

interface OpenApi {
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, DocumentedOperation>>;
  components: {
    schemas: Record<string, { description?: string; properties?: Record<string, unknown> }>;
    headers: Record<string, Header>;
  };
}

/** The exported document of the build under test, as text and as JSON, read once. */
let text: string | undefined;
let parsed: OpenApi | undefined;
let validator: Ajv2020 | undefined;
let templates: { template: string; pattern: RegExp }[] | undefined;

export function documentText(): string {
  return (text ??= readFileSync(FILE, 'utf8'));
}

export function apiDocument(): OpenApi {
  return (parsed ??= JSON.parse(documentText()) as OpenApi);
}

/** The path template that a request's path meets, fixed parts before parameters. */
export function templateOf(path: string): string | undefined {
  templates ??= Object.keys(apiDocument().paths)
    .toSorted((a, b) => parametersOf(a) - parametersOf(b))
    .map((template) => ({ template, pattern: patternOf(template) }));
  return templates.find(({ pattern }) => pattern.test(path))?.template;
}

function parametersOf(template: string): number {
  return template.split('{').length;
}

function patternOf(template: string): RegExp {
  const parts = template.split(/\{[^}]+\}/).map((part) => part.replaceAll('.', '\\.'));
  return new RegExp(`^${parts.join('[^/]+')}$`);
}

export function headersOf(response: DocumentedResponse): [name: string, header: Header][] {
  const { headers } = apiDocument().components;
  return Object.entries(response.headers ?? {}).map(([name, header]) => {
    const referred = header.$ref?.split('/').at(-1);
    return [name, referred === undefined ? header : (headers[referred] ?? header)];
  });
}

/**
 * A check against the schema at this place of the document. Where a schema names its properties and
 * does not say that there may be others, others are refused: an undocumented field is a difference.
 */
export function schemaAt(...place: string[]): ValidateFunction {
  validator ??= makeValidator();
  const pointer = place.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
  const found = validator.getSchema(`document#/${encodeURI(pointer)}`);
  if (found === undefined) throw new Error(`the document has nothing at ${place.join(' › ')}`);
  return found;
}

function makeValidator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addFormat('date-time', DATE_TIME);
  // The pattern beside it says the same.
  for (const format of ['ipv4', 'cidrv4', 'cidrv6']) ajv.addFormat(format, true);
  ajv.addSchema(closed(JSON.parse(documentText())) as object, 'document');
  return ajv;
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, closed(part)]));
  const open = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return open ? { ...copy, additionalProperties: false } : copy;
}
