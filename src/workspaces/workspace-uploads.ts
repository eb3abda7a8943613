import type { Readable } from 'node:stream';

import { Injectable, Logger } from '@nestjs/common';

import { Settings } from '../config/settings.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Origin } from '../kernel/origin.js';
import { Transactions } from '../persistence/transactions.js';
import { ArchiveRefused, REFUSAL_TEXTS } from './archive/archive-refused.js';
import { unpackArchive, type UnpackedArchive } from './archive/unpack-archive.js';
import { checkIssue } from './workspace-catalogue.js';
import { WorkspaceHost } from './workspace-host.js';
import { WorkspaceStores } from './workspace-stores.js';

const MOST_AT_ONCE = 2;
const MOST_ENTRIES = 250_000;
const TOO_LARGE: ReadonlySet<string> = new Set(['too_large', 'too_many_entries']);

/** Workspaces on their way in. */
@Injectable()
export class WorkspaceUploads {
  readonly #logger = new Logger('Workspaces');
  #open = 0;

  constructor(
    private readonly settings: Settings,
    private readonly stores: WorkspaceStores,
    private readonly host: WorkspaceHost,
    private readonly transactions: Transactions,
  ) {}

  /** Bytes that an archive may have, packed and unpacked. */
  get mostBytes(): number {
    return this.settings.codex.sandbox.resources.workspace;
  }

  /**
   * Unpacks a tar.gz beside the workspace and puts it in its place, whole; HOME stays. Until the very
   * end nothing changes. The source is read until it ends or something is refused.
   *
   * @throws DomainError `validation_failed`, `workspace_busy`, `server_busy`, `disk_low`,
   *   `archive_refused`, `archive_too_large`, `engine_unavailable`, `control_unavailable`
   */
  async receive(issue: string, source: Readable, origin: Origin): Promise<void> {
    checkIssue(issue);
    if (this.#open >= MOST_AT_ONCE) {
      throw new DomainError('server_busy', 'Too many archives are being unpacked; try again', {
        retryAfterSeconds: 5,
      });
    }
    this.#open += 1;
    try {
      // Told before anything is sent, where it is known already.
      (await this.host.lease.hold(issue))();
      await this.#checkSpace();
      await this.#receive(issue, source, origin);
    } finally {
      this.#open -= 1;
      this.stores.trash.collect();
    }
  }

  async #receive(issue: string, source: Readable, origin: Origin): Promise<void> {
    const { shelf, sizes } = this.stores;
    const staged = await shelf.stage();
    try {
      const unpacked = await this.#unpack(source, staged);
      await this.host.tools.give(staged);
      const release = await this.host.lease.hold(issue);
      try {
        const details = { entries: unpacked.entries, bytes: unpacked.bytes };
        await this.transactions.run(origin, (tx) => {
          tx.audit({ action: 'workspace.uploaded', target: issue, details });
          return Promise.resolve();
        });
        await shelf.publish(staged, issue);
        sizes.forget(issue);
      } finally {
        release();
      }
    } catch (error) {
      await shelf.unstage(staged).catch((failure: unknown) => {
        this.#logger.warn(`${staged} is left until the next start`, failure);
      });
      throw error;
    }
  }

  async #unpack(source: Readable, into: string): Promise<UnpackedArchive> {
    try {
      return await unpackArchive(source, {
        into,
        limits: { bytes: this.mostBytes, entries: MOST_ENTRIES },
        onWritten: () => this.#checkSpace(),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw diskLow(error);
      if (error instanceof ArchiveRefused) throw refused(error);
      throw error;
    }
  }

  async #checkSpace(): Promise<void> {
    const free = await this.stores.workspaces.freeBytes();
    if (free < this.settings.runs.minFreeDisk) throw diskLow();
  }
}

function refused(error: ArchiveRefused): DomainError {
  const code = TOO_LARGE.has(error.reason) ? 'archive_too_large' : 'archive_refused';
  return new DomainError(code, `The archive is not unpacked: ${error.message}`, {
    details: [
      { field: error.entry ?? 'body', message: `${error.reason}: ${REFUSAL_TEXTS[error.reason]}` },
    ],
    cause: error,
  });
}

function diskLow(cause?: unknown): DomainError {
  return new DomainError('disk_low', 'The workspaces’ disk has too little free space', {
    cause,
    retryAfterSeconds: 60,
  });
}
