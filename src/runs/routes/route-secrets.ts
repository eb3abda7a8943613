import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';

import { AuditFeed } from '../../audit/audit-feed.js';
import {
  isCodexRoute,
  isSecretRoute,
  type CredentialRouteSettings,
  type SecretRouteSettings,
} from '../../config/credential-routes-schema.js';
import { LiveSettings } from '../../config/live-settings.js';
import { EgressGateway } from '../../egress/gateway/egress-gateway.js';
import type { CredentialState } from '../../egress/gateway/routes/credential-route.js';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Redacted } from '../../kernel/redacted.js';
import { SecretVault } from '../../secrets/secret-vault.js';
import { CodexLogins } from './codex-auth/codex-logins.js';
import { routeCredential } from './route-credential.js';

/** What another process does to the secrets is seen this soon; what this one does, at once. */
const LOOK_MS = 400;
/** For so long a value is used that cannot be read again, because the database does not answer. */
const TRUSTED_MS = 5000;
const SECRETS = /^secrets?\./;

interface Made {
  readonly settings: SecretRouteSettings;
  readonly value: string;
  readonly state: CredentialState;
}

/**
 * Hands the gateway the secrets of the credential routes that sandboxes use, for as long as they do.
 * It holds no other, and none when no sandbox has a route.
 */
@Injectable()
export class RouteSecrets implements OnModuleDestroy {
  readonly #logger = new Logger('Runs');
  /** By address of the sandbox. */
  readonly #users = new Map<string, readonly string[]>();
  #made = new Map<string, Made>();
  #readAt = 0;
  #looking: Promise<void> | null = null;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #troubled = false;

  constructor(
    private readonly vault: SecretVault,
    private readonly gateway: EgressGateway,
    private readonly settings: LiveSettings,
    private readonly clock: Clock,
    feed: AuditFeed,
    private readonly logins: CodexLogins,
  ) {
    logins.onChanged(() => (this.#users.size > 0 ? this.#look() : Promise.resolve()));
    feed.subscribe((rows) => {
      if (rows.some(({ action }) => SECRETS.test(action))) this.#lookSoon();
      return Promise.resolve();
    });
    settings.onReplaced(() => this.#lookSoon());
  }

  /** Resolves when the gateway has what the routes of this address need, or knows why it has not. */
  async hold(address: string, routes: readonly string[]): Promise<void> {
    if (routes.length === 0) return;
    this.#users.set(address, routes);
    this.#timer ??= setInterval(() => this.#lookSoon(), LOOK_MS).unref();
    await this.#look();
    const logins = this.#routesOf(routes).filter(isCodexRoute);
    if (await this.logins.ready(logins)) await this.#look();
  }

  release(address: string): void {
    if (!this.#users.delete(address) || this.#users.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#forget();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  #lookSoon(): void {
    if (this.#users.size > 0) void this.#look();
  }

  /** One look at a time; whoever asks during one gets the next. Never rejects. */
  async #look(): Promise<void> {
    if (this.#looking !== null) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = this.#lookOnce();
    await this.#looking;
  }

  async #lookOnce(): Promise<void> {
    do {
      this.#again = false;
      await this.#read();
    } while (this.#again);
    this.#looking = null;
  }

  async #read(): Promise<void> {
    const used = this.#routesOf([...this.#users.values()].flat());
    const routes = used.filter(isSecretRoute);
    const made = new Map<string, Made>();
    const states = new Map<string, CredentialState>();
    try {
      const values = await this.#values(routes);
      for (const route of routes) {
        const value = values.get(route.secret);
        if (value instanceof DomainError) {
          states.set(route.name, { problem: problemOf(value, route.secret) });
        } else if (value === undefined) {
          const problem = `the secret ${route.secret} does not exist; the operator sets it`;
          states.set(route.name, { problem });
        } else {
          made.set(route.name, this.#makeOnce(route, value));
        }
      }
      for (const route of used.filter(isCodexRoute)) {
        states.set(route.name, await this.logins.state(route));
      }
    } catch (error) {
      this.#unread(error);
      return;
    }
    if (this.#users.size === 0) return this.#forget();
    this.#made = made;
    this.#readAt = this.clock.monotonicMs();
    this.#troubled = false;
    for (const [name, { state }] of made) states.set(name, state);
    this.gateway.credentialsChanged(states);
  }

  #routesOf(named: readonly string[]): CredentialRouteSettings[] {
    const names = new Set(named);
    return this.settings.codex.sandbox.credentialRoutes.filter(({ name }) => names.has(name));
  }

  /** By name of the secret. One that cannot be decrypted must not keep the others away. */
  async #values(
    routes: readonly SecretRouteSettings[],
  ): Promise<ReadonlyMap<string, Redacted | DomainError>> {
    const names = [...new Set(routes.map(({ secret }) => secret))];
    try {
      return await this.vault.revealExisting(names);
    } catch (error) {
      if (!isOfSecrets(error)) throw error;
    }
    const values = new Map<string, Redacted | DomainError>();
    for (const name of names) {
      try {
        const value = (await this.vault.revealExisting([name])).get(name);
        if (value !== undefined) values.set(name, value);
      } catch (error) {
        if (!isOfSecrets(error)) throw error;
        values.set(name, error);
      }
    }
    return values;
  }

  #makeOnce(settings: SecretRouteSettings, secret: Redacted): Made {
    const value = secret.reveal();
    const known = this.#made.get(settings.name);
    const same = known?.value === value && known.settings === settings;
    return same ? known : { settings, value, state: routeCredential(settings, secret) };
  }

  /** The last values are used a little longer: a database that is busy has not revoked anything. */
  #unread(error: unknown): void {
    if (!this.#troubled)
      this.#logger.warn('the secrets of credential routes cannot be read', error);
    this.#troubled = true;
    if (this.clock.monotonicMs() - this.#readAt > TRUSTED_MS) this.#forget();
  }

  #forget(): void {
    this.#made = new Map();
    this.logins.forget();
    this.gateway.credentialsChanged(new Map());
  }
}

function isOfSecrets(error: unknown): error is DomainError {
  return (
    error instanceof DomainError &&
    (error.code === 'secrets_locked' || error.code === 'secret_unreadable')
  );
}

function problemOf({ code }: DomainError, secret: string): string {
  return code === 'secrets_locked'
    ? 'secrets are locked until the operator sets MASTER_KEY'
    : `the secret ${secret} does not decrypt; the operator sets it again`;
}
