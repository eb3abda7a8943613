import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';

import { expectAsDocumented } from '../support/conformance.js';
import type { Attempt } from './attempts.js';

/** How long a stream that has nothing to say yet is listened to. */
const STREAM_MS = 250;
const ANSWER_MS = 60_000;

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** Sends many requests over few connections. */
export class FuzzClient {
  readonly #agent: Agent;

  constructor(
    private readonly origin: URL,
    connections: number,
  ) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** `null` for what was cut off on purpose, and for a stream without an answer yet. */
  async send(attempt: Attempt, again = true): Promise<Answer | null> {
    if (attempt.cut) return this.#cut(attempt);
    try {
      return await this.#whole(attempt);
    } catch (error) {
      // The server may close a connection at the moment in which it is used again.
      if (again && error instanceof ReusedConnection) return this.send(attempt, false);
      throw error;
    }
  }

  #whole({ method, path, headers, body, stream }: Attempt): Promise<Answer | null> {
    return new Promise((resolve, reject) => {
      const length = body === null ? {} : { 'content-length': String(body.length) };
      const outgoing = request({
        ...{ hostname: this.origin.hostname, port: this.origin.port, method, path },
        ...{ headers: { ...length, ...headers }, agent: stream ? false : this.#agent },
      });
      let answer: Promise<Answer> | null = null;
      const timer = setTimeout(
        () => {
          outgoing.destroy(stream ? undefined : new Error(`no answer in ${ANSWER_MS} ms`));
          resolve(answer);
        },
        stream ? STREAM_MS : ANSWER_MS,
      );
      outgoing.on('response', (response) => {
        answer = read(response, stream)
          .finally(() => clearTimeout(timer))
          .then((whole) => documented({ method, path, stream }, whole));
        answer.then(resolve, reject);
      });
      outgoing.on('error', (error) => {
        clearTimeout(timer);
        const { code } = error as NodeJS.ErrnoException;
        // The parser does not always know that it refused a HEAD, and sends the body of a GET.
        if (method === 'HEAD' && code === 'HPE_CLOSED_CONNECTION') return resolve(answer);
        const reused = outgoing.reusedSocket && code === 'ECONNRESET';
        reject(reused ? new ReusedConnection() : error);
      });
      outgoing.end(body ?? undefined);
    });
  }

  #cut({ method, path, headers, body }: Attempt): Promise<null> {
    return new Promise((resolve) => {
      const { hostname, port } = this.origin;
      const length = { 'content-length': String(body?.length ?? 0) };
      const outgoing = request({
        ...{ hostname, port, method, path, headers: { ...headers, ...length }, agent: false },
      });
      const done = () => {
        outgoing.destroy();
        resolve(null);
      };
      outgoing.on('error', done).on('response', done);
      outgoing.write(body?.subarray(0, Math.floor(body.length / 2)) ?? '', () =>
        setTimeout(done, 5),
      );
    });
  }
}

/** @throws ConformanceError. Of a stream only the headers count: it ends wherever its listener left. */
function documented(
  { method, path, stream }: Pick<Attempt, 'method' | 'path' | 'stream'>,
  answer: Answer,
): Answer {
  const { text, ...head } = answer;
  expectAsDocumented({ method, path, ...head, ...(!stream && { text }) });
  return answer;
}

class ReusedConnection extends Error {}

async function read(response: IncomingMessage, stream: boolean): Promise<Answer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    // A stream ends when its listener has had enough.
    if (!stream) throw error;
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: Buffer.concat(chunks).toString(),
  };
}
