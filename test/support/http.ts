import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

import { expectAsDocumented } from './conformance.js';

export interface ApiRequest {
  /** An object is sent as JSON; a string or bytes are sent as they are. */
  body?: unknown;
  /** Sent over whatever would be sent otherwise, `host` and `content-type` included. */
  headers?: Record<string, string | string[]>;
  /** Sent as `Authorization: Bearer …`. */
  token?: string;
  /** Milliseconds until an answer that does not end is given up; default 70,000. */
  timeoutMs?: number;
}

export interface ApiAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** Parsed where the answer is JSON, else the text. */
  // Tests read many shapes from it and assert on each.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
  text: string;
}

/**
 * One request whose path goes out exactly as written: `fetch` would tidy `..`, encoded slashes and
 * the `Host` header before a test could send them. An answer that the service's OpenAPI document does
 * not allow fails the test.
 */
export async function callApi(
  origin: string,
  method: string,
  path: string,
  options: ApiRequest = {},
): Promise<ApiAnswer> {
  const response = await send(origin, method, path, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const { statusCode: status = 0, headers } = response;
  expectAsDocumented({ method, path, status, headers, text });
  return { status, headers, body: parseBody(headers['content-type'], text), text };
}

/** As `callApi`, but answers as soon as the headers are there: for streams. */
export async function openApi(
  origin: string,
  method: string,
  path: string,
  options: ApiRequest = {},
): Promise<IncomingMessage> {
  const response = await send(origin, method, path, options);
  const { statusCode: status = 0, headers } = response;
  expectAsDocumented({ method, path, status, headers });
  return response;
}

function send(
  origin: string,
  method: string,
  path: string,
  options: ApiRequest,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(origin);
  const payload = encodeBody(options.body);
  const headers: Record<string, string | string[]> = {
    ...(payload && { 'content-length': String(payload.length) }),
    ...(payload && { 'content-type': 'application/json' }),
    ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, method, path, headers, agent: false, timeout: options.timeoutMs ?? 70_000 },
      resolve,
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer`)));
    outgoing.on('error', reject);
    outgoing.end(payload);
  });
}

function encodeBody(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function parseBody(contentType: string | undefined, text: string): unknown {
  if (
    text === '' ||
    contentType === undefined ||
    !/^application\/([\w.-]+\+)?json\b/.test(contentType)
  )
    return text;
  return JSON.parse(text);
}
