import type { IncomingHttpHeaders } from 'node:http';

import type { ValidateFunction } from 'ajv';

import {
  apiDocument,
  headersOf,
  schemaAt,
  templateOf,
  type DocumentedOperation,
  type DocumentedResponse,
} from './api-document.js';

/** More items of one stream are not looked at: a long output says the same again. */
const MOST_ITEMS = 500;

export interface Exchange {
  method: string;
  /** As it was sent, with its query. */
  path: string;
  status: number;
  headers: IncomingHttpHeaders;
  /** Absent where only the headers have been read. */
  text?: string;
}

/** The service answered what its document does not say. */
export class ConformanceError extends Error {
  constructor(exchange: Exchange, differences: readonly string[]) {
    const { method, path, status, text = '' } = exchange;
    const said = text === '' ? '' : `\n  ${text.slice(0, 600)}`;
    super(
      `${method} ${path.slice(0, 200)} answered ${status}, which is not as documented:\n` +
        `${differences.map((one) => `- ${one}`).join('\n')}${said}`,
    );
    this.name = 'ConformanceError';
  }
}

/**
 * Compares an answer with the OpenAPI document that the build exported.
 *
 * @throws ConformanceError that names the operation, the status and what differs.
 */
export function expectAsDocumented(exchange: Exchange): void {
  const differences = [...differencesOf(exchange)];
  if (differences.length > 0) throw new ConformanceError(exchange, differences);
}

function* differencesOf(exchange: Exchange): Generator<string> {
  const { method, status, headers } = exchange;
  if (headers['x-request-id'] === undefined) yield 'there is no X-Request-ID';
  const path = decoded(exchange.path.split('?', 1)[0] ?? '');
  const template = templateOf(path);
  if (template === undefined) return yield* ofUnknownPath(path, exchange);
  const name = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = apiDocument().paths[template]?.[name];
  if (operation === undefined) return yield* ofOtherMethod(template, exchange);
  const response = operation.responses[String(status)];
  const place = ['paths', template, name, 'responses', String(status)];
  if (response === undefined) {
    yield `${operation.operationId} documents ${Object.keys(operation.responses).join(', ')}`;
    return;
  }
  yield* ofHeaders(operation, response, exchange);
  if (method !== 'HEAD') yield* ofContent(place, response, exchange);
}

function* ofUnknownPath(path: string, exchange: Exchange): Generator<string> {
  if (exchange.method === 'OPTIONS' && exchange.status === 204) return;
  const isAsset = path.startsWith('/docs/');
  if (exchange.status >= 400) yield* ofEnvelope(exchange);
  else if (!isAsset) yield 'the path is not documented';
}

function* ofOtherMethod(template: string, exchange: Exchange): Generator<string> {
  const { method, status, headers } = exchange;
  if (method === 'OPTIONS' && status === 204) {
    if (headers.allow === undefined) yield 'OPTIONS is answered without Allow';
    return;
  }
  // Not 405 alone: what the frame refuses it refuses for every method.
  if (status < 400) yield `${template} documents no ${method}`;
  else yield* ofEnvelope(exchange);
}

function* ofEnvelope(exchange: Exchange): Generator<string> {
  if (exchange.method === 'HEAD' || exchange.text === undefined) return;
  const isEnvelope = schemaAt('components', 'schemas', 'ErrorEnvelope');
  yield* ofJson(isEnvelope, exchange.text, 'the envelope');
}

function* ofHeaders(
  operation: DocumentedOperation,
  response: DocumentedResponse,
  { status, headers }: Exchange,
): Generator<string> {
  for (const [name, header] of headersOf(response)) {
    const value = headers[name.toLowerCase()];
    if (value === undefined) {
      if (header.required) yield `${operation.operationId} ${status} has no header ${name}`;
    } else if (header.schema?.type === 'integer' && !/^\d+$/.test(String(value))) {
      yield `the header ${name} is ${String(value)}, not an integer`;
    }
  }
}

function* ofContent(
  place: string[],
  response: DocumentedResponse,
  exchange: Exchange,
): Generator<string> {
  const { content = {} } = response;
  const type = exchange.headers['content-type']?.split(';')[0]?.trim();
  if (type === undefined) {
    if (Object.keys(content).length > 0) yield 'there is no content type';
    return;
  }
  const media = content[type];
  if (media === undefined) {
    yield `the content type ${type} is not one of ${Object.keys(content).join(', ') || 'none'}`;
    return;
  }
  if (exchange.text === undefined) return;
  const schema = [...place, 'content', type, 'schema'];
  if (type === 'application/json') {
    yield* ofJson(schemaAt(...schema), exchange.text, 'the body');
    if (exchange.status >= 400) yield* ofCode(Object.keys(media.examples ?? {}), exchange.text);
  } else if (media.schema?.['x-item-schema'] !== undefined) {
    yield* ofItems(schemaAt(...schema, 'x-item-schema'), type, exchange.text);
  }
}

function* ofJson(validate: ValidateFunction, text: string, what: string): Generator<string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    yield `${what} is not JSON`;
    return;
  }
  if (validate(value)) return;
  for (const { instancePath, message, params } of (validate.errors ?? []).slice(0, 10)) {
    yield `${what}${instancePath} ${message} ${JSON.stringify(params)}`;
  }
}

function* ofCode(codes: string[], text: string): Generator<string> {
  const { error } = JSON.parse(text) as { error?: { code?: string } };
  if (!codes.includes(error?.code ?? '')) {
    yield `the code ${error?.code} is not one of ${codes.join(', ')}`;
  }
}

function* ofItems(validate: ValidateFunction, type: string, text: string): Generator<string> {
  const items = type === 'text/event-stream' ? dataOfEvents(text) : text.split('\n');
  for (const item of items.filter((line) => line !== '').slice(0, MOST_ITEMS)) {
    yield* ofJson(validate, item, 'an item');
  }
}

/** Of those that carry an item; the others say how a stream ends. */
function dataOfEvents(text: string): string[] {
  const carries = /^event: (output|decision|update)$/m;
  const blocks = text.split('\n\n').filter((block) => carries.test(block));
  return blocks.map((block) => /^data: (.*)$/m.exec(block)?.[1] ?? '');
}

/** The router matches decoded paths. */
function decoded(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
