import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { newTokenCanary } from '../leaks/canaries.js';
import { jwt } from '../support/codex-login/token-impostor.js';

export interface LoginTokens {
  access: string;
  refresh: string;
  id: string;
}

/** New ones, none of which stands anywhere by chance. */
export function newTokens(word: string, expiresInMs: number): LoginTokens {
  return {
    access: jwt(newTokenCanary(`${word}-access`), Date.now() + expiresInMs),
    refresh: newTokenCanary(`${word}-refresh`),
    id: jwt(newTokenCanary(`${word}-id`), Date.now() + expiresInMs),
  };
}

/** What may be nowhere: tokens whole, and the ends of those that are tokens of three parts. */
export function canariesOf(logins: Readonly<Record<string, LoginTokens>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(logins).flatMap(([name, { access, refresh, id }]) => [
      [`${name} access`, access],
      [`${name} access, its end`, access.split('.')[2] ?? ''],
      [`${name} refresh`, refresh],
      [`${name} id`, id],
      [`${name} id, its end`, id.split('.')[2] ?? ''],
    ]),
  );
}

/** The `auth.json` of a host, in a directory of its own. */
export class HostLogin {
  readonly account = newTokenCanary('account');
  readonly #directory = mkdtempSync(join(tmpdir(), 'risoluto-codex-home-'));
  readonly path = join(this.#directory, 'auth.json');

  /** As `codex login` leaves it. */
  write({ access, refresh, id }: LoginTokens): void {
    const tokens = {
      id_token: id,
      access_token: access,
      refresh_token: refresh,
      account_id: this.account,
    };
    const content = { OPENAI_API_KEY: null, tokens, last_refresh: '2026-11-26T00:00:00Z' };
    writeFileSync(`${this.path}.new`, JSON.stringify(content, null, 2), { mode: 0o600 });
    renameSync(`${this.path}.new`, this.path);
  }

  /** Its bytes, and what tells whether anybody has written them. */
  state(): object {
    const { ino, mtimeMs, ctimeMs, mode } = statSync(this.path);
    return { bytes: readFileSync(this.path, 'utf8'), ino, mtimeMs, ctimeMs, mode };
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }
}
