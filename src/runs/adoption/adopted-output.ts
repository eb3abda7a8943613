import { Injectable, Logger } from '@nestjs/common';

import { DomainError } from '../../kernel/domain-error.js';
import { SecretVault } from '../../secrets/secret-vault.js';
import { OutputLog } from '../output/output-log.js';
import type { StoredRecord } from '../output/output-record.js';
import type { RunSession } from '../run-session.js';
import { RunRepository } from '../run.repository.js';
import type { CommandOutput } from '../running-command.js';
import { UnreadableOutput } from './unreadable-output.js';

/** What an earlier process stored of a command's output, and what it takes to store the rest. */
@Injectable()
export class AdoptedOutput {
  readonly #logger = new Logger('Runs');

  constructor(
    private readonly runs: RunRepository,
    private readonly vault: SecretVault,
    private readonly log: OutputLog,
    private readonly unreadable: UnreadableOutput,
  ) {}

  /** What is stored last of the turn, and of this start of its agent; `null` when nothing is. */
  async lastStored({ run: { id, turn }, agent }: RunSession): Promise<StoredRecord | null> {
    const appender = await this.log.open(id);
    await appender.close();
    const { last } = appender;
    const attempt = agent?.number ?? 1;
    return last?.turn === turn && (last.attempt ?? 1) === attempt ? last : null;
  }

  /**
   * The kept values are read when they are needed: a rotation of the master key seals them anew, and
   * may do so between the look and the opening.
   */
  async output(
    session: RunSession,
    rotated: CommandOutput['rotated'],
  ): Promise<CommandOutput | null> {
    const { id } = session.run;
    let tried: string | null = null;
    for (;;) {
      const sealed = (await this.runs.keptCommand(id))?.maskedValues ?? null;
      if (sealed === null) return { masked: session.masked, rotated, notice: null };
      try {
        session.secretValues = this.vault.openForRun(id, sealed);
        return { masked: session.masked, rotated, notice: null };
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        if (error.code === 'secret_unreadable' && sealed !== tried) {
          tried = sealed;
          continue;
        }
        this.#logger.error(`run ${id}: its output cannot be shown: ${error.message}`);
        this.unreadable.add(session);
        return null;
      }
    }
  }
}
