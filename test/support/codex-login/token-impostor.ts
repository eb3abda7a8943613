import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A token of the form that Codex has, with its end in it. */
export function jwt(name: string, expiresAtMs: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { sub: name, exp: Math.floor(expiresAtMs / 1000) };
  return `${part({ alg: 'none' })}.${part(payload)}.canary-${name}-signature`;
}

/** A token endpoint on loopback that answers as it is told, and remembers what it was asked. */
export class TokenImpostor {
  readonly asked: { body: Record<string, unknown>; type: string | undefined }[] = [];
  readonly #server: Server;
  answer: (res: ServerResponse, count: number) => void = (res) => res.destroy();

  constructor() {
    this.#server = createServer((req, res) => void this.#take(req, res));
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/oauth/token`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of req) text += String(chunk);
    const body = JSON.parse(text) as Record<string, unknown>;
    this.asked.push({ body, type: req.headers['content-type'] });
    this.answer(res, this.asked.length);
  }
}

export function answerJson(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
