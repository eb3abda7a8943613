import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { AuditFeed } from '../../audit/audit-feed.js';
import type { AuditRow } from '../../audit/audit-row.js';
import { credentialRoutesSchema } from '../../config/credential-routes-schema.js';
import type { LiveSettings } from '../../config/live-settings.js';
import type { EgressGateway } from '../../egress/gateway/egress-gateway.js';
import type { CredentialState } from '../../egress/gateway/routes/credential-route.js';
import type { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import { Redacted } from '../../kernel/redacted.js';
import type { SecretVault } from '../../secrets/secret-vault.js';
import { CodexLogins } from './codex-auth/codex-logins.js';
import type { CodexLoginStore } from './codex-auth/codex-login-store.js';
import { RouteSecrets } from './route-secrets.js';

const route = (name: string, secret: string) => ({
  name,
  upstream: 'https://a.test',
  header: 'X-Key',
  valueTemplate: '{{ secret }}',
  secret,
});

/** A vault, a gateway and settings of which the tests say what they hold. */
class Desk {
  readonly values = new Map<string, string>();
  readonly broken = new Map<string, DomainError>();
  /** What every reading fails with. */
  trouble: Error | null = null;
  readings = 0;
  routes = credentialRoutesSchema.parse([route('one', 'ONE'), route('two', 'TWO')]);
  given: Record<string, string> = {};
  now = 0;
  readonly feed = new AuditFeed();
  replaced: () => void = () => undefined;
  readonly secrets: RouteSecrets;

  constructor() {
    const vault = {
      revealExisting: (names: readonly string[]) => this.#reveal(names),
    } as unknown as SecretVault;
    const gateway = {
      credentialsChanged: (states: ReadonlyMap<string, CredentialState>) => this.#told(states),
    } as unknown as EgressGateway;
    const routes = () => this.routes;
    const settings = {
      get codex() {
        return { sandbox: { credentialRoutes: routes() } };
      },
      onReplaced: (listener: () => void) => (this.replaced = listener),
    } as unknown as LiveSettings;
    const clock = { monotonicMs: () => this.now } as Clock;
    const logins = new CodexLogins({} as CodexLoginStore, clock);
    this.secrets = new RouteSecrets(vault, gateway, settings, clock, this.feed, logins);
  }

  audited(action: string): Promise<void> {
    return this.feed.publish([{ action } as AuditRow]);
  }

  async #reveal(names: readonly string[]): Promise<Map<string, Redacted>> {
    this.readings += 1;
    await Promise.resolve();
    if (this.trouble) throw this.trouble;
    for (const name of names) {
      const error = this.broken.get(name);
      if (error) throw error;
    }
    const found = names.filter((name) => this.values.has(name));
    return new Map(found.map((name) => [name, new Redacted(this.values.get(name) ?? '')]));
  }

  #told(states: ReadonlyMap<string, CredentialState>): void {
    const shown = (state: CredentialState) =>
      'problem' in state ? state.problem : (state.headers[0]?.value.reveal() ?? '');
    this.given = Object.fromEntries([...states].map(([name, state]) => [name, shown(state)]));
  }
}

let desk: Desk;
beforeEach(() => {
  vi.useFakeTimers();
  desk = new Desk();
  desk.values.set('ONE', 'first').set('TWO', 'second');
});
afterEach(() => {
  desk.secrets.onModuleDestroy();
  vi.useRealTimers();
});

describe('the secrets of credential routes', () => {
  it('are with the gateway before a sandbox is, those of its routes alone, and gone with the last', async () => {
    await desk.secrets.hold('10.0.0.1', []);
    expect(desk.readings).toBe(0);
    await desk.secrets.hold('10.0.0.2', ['one']);
    expect(desk.given).toEqual({ one: 'first' });
    await desk.secrets.hold('10.0.0.3', ['two']);
    expect(desk.given).toEqual({ one: 'first', two: 'second' });
    desk.secrets.release('10.0.0.2');
    desk.secrets.release('10.0.0.3');
    expect(desk.given).toEqual({});
    const before = desk.readings;
    await vi.advanceTimersByTimeAsync(5000);
    expect(desk.readings).toBe(before);
  });

  it('follow a change of ours at once, and one of another process within a second', async () => {
    await desk.secrets.hold('10.0.0.2', ['one']);
    desk.values.set('ONE', 'changed');
    await desk.audited('run.created');
    await vi.advanceTimersByTimeAsync(0);
    expect(desk.given).toEqual({ one: 'first' });
    await desk.audited('secret.set');
    await vi.advanceTimersByTimeAsync(0);
    expect(desk.given).toEqual({ one: 'changed' });
    desk.values.delete('ONE');
    await vi.advanceTimersByTimeAsync(900);
    expect(desk.given.one).toMatch(/the secret ONE does not exist/);
    desk.routes = [];
    desk.replaced();
    await vi.advanceTimersByTimeAsync(0);
    expect(desk.given).toEqual({});
  });

  it('do not keep each other away: one that cannot be decrypted is told as such', async () => {
    desk.broken.set('ONE', new DomainError('secret_unreadable', 'no'));
    await desk.secrets.hold('10.0.0.2', ['one', 'two']);
    expect(desk.given.one).toMatch(/does not decrypt/);
    expect(desk.given.two).toBe('second');
    for (const name of ['ONE', 'TWO']) {
      desk.broken.set(name, new DomainError('secrets_locked', 'no'));
    }
    await vi.advanceTimersByTimeAsync(900);
    expect(desk.given.two).toMatch(/secrets are locked/);
  });

  it('are used a little longer while the database does not answer, and then not', async () => {
    await desk.secrets.hold('10.0.0.2', ['one']);
    desk.trouble = new DomainError('storage_busy', 'busy');
    desk.now = 4000;
    await vi.advanceTimersByTimeAsync(900);
    expect(desk.given).toEqual({ one: 'first' });
    desk.now = 6000;
    await vi.advanceTimersByTimeAsync(900);
    expect(desk.given).toEqual({});
    desk.trouble = null;
    await vi.advanceTimersByTimeAsync(900);
    expect(desk.given).toEqual({ one: 'first' });
  });
});
