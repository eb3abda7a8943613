import { Injectable, type OnModuleDestroy } from '@nestjs/common';

import {
  CODEX_REFRESH_URL,
  type CodexRouteSettings,
} from '../../../config/credential-routes-schema.js';
import type { CredentialState } from '../../../egress/gateway/routes/credential-route.js';
import { Clock } from '../../../kernel/clock.js';
import { authFilePath } from './auth-file.js';
import { CodexLogin } from './codex-login.js';
import { CodexLoginStore } from './codex-login-store.js';

/** The logins of the host's Codex that routes use, each once however many routes do. */
@Injectable()
export class CodexLogins implements OnModuleDestroy {
  /** By file. */
  readonly #logins = new Map<string, CodexLogin>();
  #changed: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly store: CodexLoginStore,
    private readonly clock: Clock,
  ) {}

  /** `listener`: brings the gateway what `state` now says. */
  onChanged(listener: () => Promise<void>): void {
    this.#changed = listener;
  }

  /** Waits for the host's file and the database, and for no renewal. */
  state({ codexAuth, refreshUrl }: CodexRouteSettings): Promise<CredentialState> {
    return this.#login(authFilePath(codexAuth)).state(refreshUrl ?? CODEX_REFRESH_URL);
  }

  /** Settles when renewals are over without which a route has nothing to add: whether there were any. */
  async ready(routes: readonly CodexRouteSettings[]): Promise<boolean> {
    const awaited = routes.flatMap(
      ({ codexAuth }) => this.#login(authFilePath(codexAuth)).awaited ?? [],
    );
    await Promise.all(awaited);
    return awaited.length > 0;
  }

  /** Nobody uses any of them. What is not stored yet stays until it is. */
  forget(): void {
    for (const [file, login] of this.#logins) {
      const { unfinished } = login;
      if (unfinished === null) this.#logins.delete(file);
    }
  }

  /** A refresh token is good for one time: what came for it must not be lost with the process. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.#logins.values()].flatMap(({ unfinished }) => unfinished ?? []));
  }

  #login(file: string): CodexLogin {
    const { store, clock } = this;
    const login =
      this.#logins.get(file) ??
      new CodexLogin({ file, store, clock, changed: () => this.#changed() });
    this.#logins.set(file, login);
    return login;
  }
}
