import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import {
  credentialRoutesSchema,
  type CredentialRouteSettings,
} from '../../../src/config/credential-routes-schema.js';
import type { GatewaySession } from '../../../src/egress/gateway/gateway-session.js';
import {
  checkedRoute,
  type CredentialState,
} from '../../../src/egress/gateway/routes/credential-route.js';
import { Redacted } from '../../../src/kernel/redacted.js';
import { GatewayLab } from './gateway-lab.js';
import type { HeadAndSocket } from './read-answer.js';

const UPSTREAM_PORT = 8090;
export const SECRET = 'sk-canary-0123456789';
export const UPSTREAM = `model.test:${UPSTREAM_PORT}`;

export interface Ask {
  method?: string;
  lines?: string[];
  body?: string;
  as?: GatewaySession;
}

/** A gateway on loopback with one credential route, `model`, and an upstream that answers as it is told. */
export class RouteLab extends GatewayLab {
  readonly seen: IncomingMessage[] = [];
  /** Every connection that the upstream had, oldest first. */
  readonly sockets = new Set<Socket>();
  readonly upstream: Server;
  answer: (req: IncomingMessage, res: ServerResponse) => void = (_req, res) => res.end('hello');
  session: GatewaySession = { runId: '', turn: 0, address: '', requested: null };

  constructor() {
    super({ timings: { headMs: 2000, lookMs: 50 } });
    this.upstream = createServer((req, res) => {
      this.seen.push(req);
      this.answer(req, res);
    });
    this.upstream.on('connection', (socket: Socket) => this.sockets.add(socket));
  }

  override async start(): Promise<this> {
    await super.start();
    this.upstream.listen(UPSTREAM_PORT, this.host(20));
    await once(this.upstream, 'listening');
    this.resolver.names.set('model.test', [this.host(20)]);
    this.setRoutes({});
    this.setCredentials({ model: credential() });
    this.session = this.admit(10, { routes: ['model'] });
    return this;
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    this.upstream.close();
    this.upstream.closeAllConnections();
  }

  /** The route with each of the changes; none: there is no route. */
  setRoutes(...changes: Partial<CredentialRouteSettings>[]): void {
    const given = changes.map((change) => ({
      name: 'model',
      upstream: `http://${UPSTREAM}/v1`,
      plainHttp: true,
      header: 'Authorization',
      secret: 'KEY',
      ...change,
    }));
    this.change({ routes: credentialRoutesSchema.parse(given).map(checkedRoute) });
  }

  setCredentials(states: Record<string, CredentialState>): void {
    this.gateway.credentialsChanged(new Map(Object.entries(states)));
  }

  /** A request in origin form, whose `Host` is the gateway. */
  ask(
    path: string,
    { method = 'GET', lines = [], body = '', as }: Ask = {},
  ): Promise<HeadAndSocket> {
    const { address, port } = this.at;
    const head = [`${method} ${path} HTTP/1.1`, `Host: ${address}:${port}`, ...lines];
    return this.send(as ?? this.session, `${head.join('\r\n')}\r\n\r\n${body}`);
  }

  /** What was allowed, with its end. */
  get decisions() {
    return this.recorder.allowances.map(({ decision, end }) => ({ ...decision, ...end }));
  }
}

export function credential(value = SECRET): CredentialState {
  return {
    headers: [{ name: 'Authorization', value: new Redacted(`Bearer ${value}`) }],
    forms: [Buffer.from(value), Buffer.from(Buffer.from(value).toString('hex'))],
    stamp: value,
  };
}

/** However it closes. */
export function closing(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}
