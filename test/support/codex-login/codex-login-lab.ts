import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { AuditRow } from '../../../src/audit/audit-row.js';
import { credentialRoutesSchema } from '../../../src/config/credential-routes-schema.js';
import type { LiveSettings } from '../../../src/config/live-settings.js';
import { checkedRoute } from '../../../src/egress/gateway/routes/credential-route.js';
import { Clock } from '../../../src/kernel/clock.js';
import { CodexLoginStore } from '../../../src/runs/routes/codex-auth/codex-login-store.js';
import { CodexLogins } from '../../../src/runs/routes/codex-auth/codex-logins.js';
import { RouteSecrets } from '../../../src/runs/routes/route-secrets.js';
import { RouteLab, UPSTREAM, type Ask } from '../gateway/route-lab.js';
import { openSecretDatabase, type SecretDatabase } from '../secret-database.js';
import { temporaryDirectory } from '../temporary-database.js';
import { jwt, TokenImpostor } from './token-impostor.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The system's, moved on by the test. */
class MovedClock extends Clock {
  aheadMs = 0;
  now = () => Date.now() + this.aheadMs;
  monotonicMs = () => performance.now() + this.aheadMs;
}

export interface Tokens {
  access: string;
  refresh: string;
  id: string;
}

/** A gateway with a route that uses the host's Codex login, over a real database, with impostors around. */
export class CodexLoginLab {
  readonly clock = new MovedClock();
  readonly endpoint = new TokenImpostor();
  readonly file = join(temporaryDirectory(), 'auth.json');
  readonly root = temporaryDirectory();
  routes = new RouteLab();
  db!: SecretDatabase;
  secrets!: RouteSecrets;
  logins!: CodexLogins;

  async start(): Promise<this> {
    await this.endpoint.start();
    await this.serve();
    return this;
  }

  /** As a service that begins on the same directory. */
  async serve(keys: { masterKey?: string | null; previousMasterKey?: string } = {}): Promise<void> {
    this.db = await openSecretDatabase({ root: this.root, ...keys });
    const settings = [
      {
        name: 'model',
        upstream: `http://${UPSTREAM}/v1`,
        plainHttp: true,
        codexAuth: this.file,
        refreshUrl: this.endpoint.url,
      },
    ];
    const credentialRoutes = credentialRoutesSchema.parse(settings);
    this.routes = await new RouteLab().start();
    this.routes.change({ routes: credentialRoutes.map(checkedRoute) });
    const live = { codex: { sandbox: { credentialRoutes } }, onReplaced: () => undefined };
    const { vault, keyring, keepers, db } = this.db;
    const store = new CodexLoginStore(db.read, db.transactions, vault, keyring, keepers);
    store.onModuleInit();
    this.logins = new CodexLogins(store, this.clock);
    this.secrets = new RouteSecrets(
      vault,
      this.routes.gateway,
      live as unknown as LiveSettings,
      this.clock,
      db.feed,
      this.logins,
    );
  }

  /** As a service ends that is told to. */
  async end(): Promise<void> {
    this.secrets.onModuleDestroy();
    await this.logins.onModuleDestroy();
    await this.routes.stop();
    await this.db.db.close();
  }

  async stop(): Promise<void> {
    await this.end();
    this.endpoint.stop();
  }

  /** As the turn of a sandbox begins. */
  hold(): Promise<void> {
    return this.secrets.hold(this.routes.session.address, ['model']);
  }

  /** What the service does every moment, now. */
  async look(): Promise<void> {
    await this.db.db.feed.publish([{ action: 'secret.set' } as AuditRow]);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }

  ask(path = '/r/model/x', ask: Ask = {}) {
    return this.routes.ask(path, ask);
  }

  /** What the upstream last got. */
  get sent() {
    const { authorization, 'chatgpt-account-id': account } = this.routes.seen.at(-1)?.headers ?? {};
    return { bearer: authorization?.replace('Bearer ', ''), account };
  }

  tokens(name: string, expiresInMs: number): Tokens {
    return {
      access: jwt(`${name}-access`, this.clock.now() + expiresInMs),
      refresh: `canary-${name}-refresh.0123456789`,
      id: jwt(`${name}-id`, this.clock.now() + HOUR),
    };
  }

  /** As `codex login` leaves it. */
  login({ access, refresh, id }: Tokens, more: object = {}): void {
    this.write({
      OPENAI_API_KEY: null,
      tokens: { id_token: id, access_token: access, refresh_token: refresh, account_id: 'acc-1' },
      last_refresh: '2026-11-26T00:00:00Z',
      ...more,
    });
  }

  write(content: unknown): void {
    rmSync(this.file, { force: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    writeFileSync(`${this.file}.new`, text, { mode: 0o600 });
    renameSync(`${this.file}.new`, this.file);
  }

  async audited(): Promise<{ actor: string; target: string; details: string }[]> {
    return this.db.db.read.manager.query(
      "SELECT actor, target, details FROM audit_rows WHERE action = 'codex_auth.refreshed' ORDER BY seq",
    );
  }

  rows(): Promise<{ file: string; sealed: string }[]> {
    return this.db.db.read.manager.query('SELECT file, sealed FROM codex_logins');
  }

  /** Every byte of the data directory, write-ahead log included. */
  stored(): string {
    const names = readdirSync(this.root, { recursive: true }) as string[];
    const files = names.map((name) => join(this.root, name)).filter((p) => statSync(p).isFile());
    return files.map((path) => readFileSync(path, 'latin1')).join('\n');
  }
}

/** As the endpoint of the provider answers. */
export function asAnswer({ access, refresh, id }: Tokens) {
  return { access_token: access, refresh_token: refresh, id_token: id };
}
