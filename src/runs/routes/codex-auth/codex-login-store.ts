import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';

import { SYSTEM_ORIGIN } from '../../../kernel/origin.js';
import { ReadSource } from '../../../persistence/read-source.js';
import { Transactions, type Transaction } from '../../../persistence/transactions.js';
import { Keyring } from '../../../secrets/keyring.js';
import {
  SealedKeepers,
  type Resealer,
  type SealedKeeper,
} from '../../../secrets/sealed-keepers.js';
import { SecretVault } from '../../../secrets/secret-vault.js';
import type { LoginTokens } from './login-tokens.js';

/** What became of a login of the host's that was renewed here. */
export interface RenewedLogin {
  /** The fingerprint of the login in the file that it comes from. */
  readonly of: string;
  readonly tokens: LoginTokens;
  /** Which these replaced, and by which an answer is still to be masked. */
  readonly before: LoginTokens;
}

export type RenewalCause = 'expiry' | 'unauthorized';

interface SealedRow {
  file: string;
  sealed: string;
}

/** Keeps renewed tokens over restarts, by the host's file, sealed under the master key and never plain. */
@Injectable()
export class CodexLoginStore implements SealedKeeper, OnModuleInit {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly read: ReadSource,
    private readonly transactions: Transactions,
    private readonly vault: SecretVault,
    private readonly keyring: Keyring,
    private readonly keepers: SealedKeepers,
  ) {}

  onModuleInit(): void {
    this.keepers.register(this);
  }

  /** Whether there is a master key: without one, renewed tokens would be lost with the process. */
  canSeal(): boolean {
    return !this.keyring.locked;
  }

  /** `null`: there is none, or none that can be opened. Rejects where the database does not answer. */
  async find(file: string): Promise<RenewedLogin | null> {
    const rows: SealedRow[] = await this.read.manager.query(
      'SELECT file, sealed FROM codex_logins WHERE file = ?',
      [file],
    );
    const [row] = rows;
    if (row === undefined) return null;
    try {
      const [text = ''] = this.vault.openForRun(sealName(file), row.sealed);
      return JSON.parse(text) as RenewedLogin;
    } catch {
      // The error of a text that is no JSON would quote it.
      this.#logger.warn(`the renewed Codex login of ${file} cannot be opened; the file is used`);
      return null;
    }
  }

  /** Durable and audited when it resolves. */
  async save(file: string, login: RenewedLogin, because: RenewalCause): Promise<void> {
    const sealed = this.vault.sealForRun(sealName(file), [JSON.stringify(login)]);
    const check = this.keyring.checkToStore();
    await this.transactions.run(SYSTEM_ORIGIN, async (tx) => {
      await this.keyring.putCheck(tx, check);
      await tx.manager.query(
        `INSERT INTO codex_logins (file, sealed) VALUES (?, ?)
         ON CONFLICT (file) DO UPDATE SET sealed = excluded.sealed`,
        [file, sealed],
      );
      tx.audit({ action: 'codex_auth.refreshed', target: file, details: { because } });
    });
    this.keyring.noteCheckStored(check);
  }

  async remove(file: string): Promise<void> {
    await this.transactions.run(SYSTEM_ORIGIN, async ({ manager }) => {
      await manager.query('DELETE FROM codex_logins WHERE file = ?', [file]);
    });
  }

  /** What neither key opens stays as it is: the host's file is used in its place. */
  async reseal({ manager }: Transaction, resealer: Resealer): Promise<number> {
    const rows: SealedRow[] = await manager.query('SELECT file, sealed FROM codex_logins');
    let count = 0;
    for (const { file, sealed } of rows) {
      const resealed = resealer.forRun(sealName(file), sealed);
      if (resealed === null) continue;
      await manager.query('UPDATE codex_logins SET sealed = ? WHERE file = ?', [resealed, file]);
      count++;
    }
    return count;
  }
}

/** In the place of a run's id, of which none looks so. */
function sealName(file: string): string {
  return `codex-login:${file}`;
}
