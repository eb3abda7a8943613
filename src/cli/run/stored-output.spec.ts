import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { ServiceClient } from '../service-client.js';
import { ServiceUnreachable } from '../service/service-error.js';
import type { OutputRecord } from './output-events.js';
import { copyStoredOutput } from './stored-output.js';

const LINE = `${JSON.stringify({ seq: 1, at: 1, turn: 1, stream: 'stdout', text: 'a' })}\n`;

describe('copyStoredOutput', () => {
  let server: Server;
  afterEach(() => server.close());

  /** A service whose connection is cut behind `body`; or one that ends there, as if that were all. */
  async function clientOf(body: string, cut: boolean): Promise<ServiceClient> {
    server = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      if (cut) response.write(body, () => setTimeout(() => request.socket.destroy(), 20));
      else response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return new ServiceClient({
      url: `http://127.0.0.1:${port}`,
      readToken: null,
      writeToken: null,
    });
  }

  it.each([
    ['cut behind a record', LINE, true],
    ['cut inside a record', `${LINE}{"seq":2`, true],
    ['no output of the service', `${LINE}{"seq":2`, false],
  ])('passes on what came and says that the service is away: %s', async (_what, body, cut) => {
    const taken: OutputRecord[] = [];
    const sink = { write: (record: OutputRecord) => Promise.resolve(void taken.push(record)) };
    const copy = copyStoredOutput(await clientOf(body, cut), 'R', sink);
    await expect(copy).rejects.toBeInstanceOf(ServiceUnreachable);
    expect(taken).toHaveLength(1);
  });

  it('takes a line feed alone for the end of a record', async () => {
    const text = 'one\u2028two\u2029three\u0085four\r\n';
    const line = `${JSON.stringify({ seq: 1, at: 1, turn: 1, stream: 'stdout', text })}\n`;
    const taken: string[] = [];
    const sink = { write: (record: OutputRecord) => Promise.resolve(void taken.push(record.text)) };
    await copyStoredOutput(await clientOf(line + line, false), 'R', sink);
    expect(taken).toEqual([text, text]);
  });

  it('ends with the answer', async () => {
    const sink = { write: () => Promise.resolve() };
    const copy = copyStoredOutput(await clientOf(LINE, false), 'R', sink);
    await expect(copy).resolves.toBeUndefined();
  });
});
