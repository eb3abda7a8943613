import { Logger } from '@nestjs/common';

import type {
  CredentialState,
  RouteCredential,
} from '../../../egress/gateway/routes/credential-route.js';
import { backOffMs } from '../../../kernel/back-off.js';
import type { Clock } from '../../../kernel/clock.js';
import { readAuthFile } from './auth-file.js';
import type { CodexLoginStore, RenewalCause, RenewedLogin } from './codex-login-store.js';
import { loginCredential } from './login-credential.js';
import { expiryOf, type HostLogin, type LoginTokens } from './login-tokens.js';
import { renewedTokens } from './token-endpoint.js';

/** In milliseconds. */
const AHEAD_MS = 5 * 60_000;
const REQUEST_MS = 10_000;
const BACK_OFF = { firstMs: 5000, longestMs: 5 * 60_000 };
/** A sandbox that is answered 401 whatever the token is must not have a new one made each time. */
const LEAST_BETWEEN_MS = 60_000;
/** For so long Codex may be writing the file, before what stands there counts. */
const WRITING_MS = 1000;

export interface LoginParts {
  /** Of the host's; read and never written. */
  readonly file: string;
  readonly store: CodexLoginStore;
  readonly clock: Clock;
  /** Resolves when the gateway has what `state` now says. */
  readonly changed: () => Promise<void>;
}

/**
 * The login in one `auth.json` of the host's, and what was renewed of it here. The file wins as soon
 * as it holds another login. One renewal at a time.
 */
export class CodexLogin {
  readonly #logger = new Logger('Runs');
  readonly #parts: LoginParts;
  #refreshUrl = '';
  #host: HostLogin | null = null;
  #hostAt = 0;
  #loaded = false;
  #own: RenewedLogin | null = null;
  #unsaved: RenewalCause | null = null;
  #saving: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;
  #nextAt = -Infinity;
  #failures = 0;
  #failure: { readonly reason: string; readonly final: boolean } | null = null;
  #made: { of: HostLogin | LoginTokens; credential: RouteCredential } | null = null;

  constructor(parts: LoginParts) {
    this.#parts = parts;
  }

  /**
   * What is added now. Begins a renewal where one is due, and waits for none. Rejects where the
   * database does not answer.
   */
  async state(refreshUrl: string): Promise<CredentialState> {
    this.#refreshUrl = refreshUrl;
    const { file, store } = this.#parts;
    const read = await readAuthFile(file);
    if (!this.#loaded) {
      this.#own = await store.find(file);
      this.#loaded = true;
    }
    if ('problem' in read && !(read.passing && this.#mayBeWriting())) {
      this.#host = null;
      return { problem: read.problem };
    }
    if ('login' in read) this.#follow(read.login);
    if (this.#unsaved !== null) void this.#save();
    const tokens = this.#tokens();
    if (tokens !== null && this.#endsWithin(tokens, AHEAD_MS)) void this.#renewOnce('expiry');
    if (tokens !== null && this.#endsWithin(tokens, 0)) return { problem: this.#expired() };
    return this.#credential();
  }

  /** A renewal without which there is nothing to add. */
  get awaited(): Promise<void> | null {
    const tokens = this.#tokens();
    return tokens !== null && this.#endsWithin(tokens, 0) ? this.#renewing : null;
  }

  /** What would be lost if it were forgotten now; settles when nothing would. */
  get unfinished(): Promise<unknown> | null {
    return this.#renewing ?? this.#saving ?? (this.#unsaved === null ? null : this.#save());
  }

  #mayBeWriting(): boolean {
    return this.#host !== null && this.#parts.clock.monotonicMs() - this.#hostAt <= WRITING_MS;
  }

  #follow(login: HostLogin): void {
    this.#hostAt = this.#parts.clock.monotonicMs();
    if (login.fingerprint === this.#host?.fingerprint) return;
    this.#host = login;
    this.#made = null;
    this.#nextAt = -Infinity;
    this.#failures = 0;
    this.#failure = null;
    if (this.#own === null || this.#own.of === login.fingerprint) return;
    this.#own = null;
    this.#unsaved = null;
    const { store, file } = this.#parts;
    store.remove(file).catch((error: unknown) => {
      // It is of another login than the file's, and so is not used whatever becomes of it.
      this.#logger.warn(`what was renewed of an earlier login in ${file} stays stored`, error);
    });
  }

  #tokens(): LoginTokens | null {
    return this.#own?.tokens ?? this.#host?.tokens ?? null;
  }

  #endsWithin({ access }: LoginTokens, ms: number): boolean {
    const at = expiryOf(access);
    return at !== null && at - ms <= this.#parts.clock.now();
  }

  #expired(): string {
    const { file } = this.#parts;
    const what = `the access token of ${file} has expired`;
    if (this.#failure === null) return `${what} and is being renewed; try again`;
    const { reason, final } = this.#failure;
    const next = final ? 'log in with Codex on the host again' : 'it is tried again';
    return `${what} and could not be renewed (${reason}); ${next}`;
  }

  #credential(): CredentialState {
    const host = this.#host;
    if (host === null) return { problem: `${this.#parts.file} was not read yet; try again` };
    const own = this.#own;
    const of = this.#tokens() ?? host;
    if (this.#made?.of !== of) {
      const renewed = own === null ? [] : [own.tokens, own.before];
      const refused = () => this.#refused(of);
      this.#made = { of, credential: loginCredential({ host, renewed, refused }) };
    }
    return this.#made.credential;
  }

  /** The upstream answered 401 to these. */
  async #refused(tokens: HostLogin | LoginTokens): Promise<void> {
    if (tokens === this.#tokens()) await this.#renewOnce('unauthorized');
  }

  /** Does nothing while it is too early for another try. Never rejects. */
  #renewOnce(because: RenewalCause): Promise<void> {
    if (this.#renewing !== null) return this.#renewing;
    const isEarly = this.#parts.clock.monotonicMs() < this.#nextAt;
    const [host, tokens] = [this.#host, this.#tokens()];
    if (isEarly || this.#failure?.final === true || host === null || tokens === null) {
      return Promise.resolve();
    }
    this.#renewing = this.#renewAndTell(host, tokens, because);
    return this.#renewing;
  }

  async #renewAndTell(host: HostLogin, tokens: LoginTokens, because: RenewalCause): Promise<void> {
    try {
      await this.#renew(host, tokens, because);
    } finally {
      this.#renewing = null;
    }
    await this.#parts.changed();
  }

  async #renew(host: HostLogin, tokens: LoginTokens, because: RenewalCause): Promise<void> {
    const { store, clock } = this.#parts;
    const renewal = store.canSeal()
      ? await renewedTokens(tokens, { url: this.#refreshUrl, timeoutMs: REQUEST_MS })
      : { reason: 'secrets are locked until the operator sets MASTER_KEY', final: false };
    // Another login stands in the file by now.
    if (this.#host !== null && this.#host.fingerprint !== host.fingerprint) return;
    if ('reason' in renewal) return this.#failed(renewal);
    this.#own = { of: host.fingerprint, tokens: renewal.tokens, before: tokens };
    this.#unsaved = because;
    this.#failures = 0;
    this.#failure = null;
    this.#nextAt = clock.monotonicMs() + LEAST_BETWEEN_MS;
    await this.#save();
  }

  #failed(failure: { readonly reason: string; readonly final: boolean }): void {
    this.#failure = failure;
    this.#failures += 1;
    const wait = backOffMs(BACK_OFF, this.#failures, Math.random());
    this.#nextAt = this.#parts.clock.monotonicMs() + wait;
    const { file } = this.#parts;
    const next = failure.final ? 'it is not tried again' : `next try in ${wait} ms`;
    this.#logger.warn(`the Codex login of ${file} was not renewed (${failure.reason}); ${next}`);
  }

  /** Tried again with each look until it succeeds. Never rejects. */
  #save(): Promise<void> {
    this.#saving ??= this.#saveOnce().finally(() => {
      this.#saving = null;
    });
    return this.#saving;
  }

  async #saveOnce(): Promise<void> {
    const [login, because] = [this.#own, this.#unsaved];
    if (login === null || because === null) return;
    const { store, file } = this.#parts;
    try {
      await store.save(file, login, because);
      if (this.#own === login) this.#unsaved = null;
    } catch (error) {
      this.#logger.warn(`the renewed Codex login of ${file} is not stored yet`, error);
    }
  }
}
