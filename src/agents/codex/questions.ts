import { setMaxListeners } from 'node:events';

import type { AgentTurn } from '../../runs/agents/turn-driver.js';
import type { Conversation, OpenQuestion } from './conversation.js';
import { answer, refusal } from './json-rpc.js';
import type { Outside } from './outside.js';
import type { CommandExecutionRequestApprovalResponse } from './protocol/v2/CommandExecutionRequestApprovalResponse.js';
import type { FileChangeRequestApprovalResponse } from './protocol/v2/FileChangeRequestApprovalResponse.js';

type Decided = CommandExecutionRequestApprovalResponse & FileChangeRequestApprovalResponse;

/** Nobody looks through more; what asks for so much at once is not Codex. */
const MOST_AT_ONCE = 32;

/** Answers what Codex asks: approvals by whoever decides outside, everything else with a refusal. */
export class Questions {
  readonly #taken = new Set<OpenQuestion['id']>();
  readonly #gone = new AbortController();
  #deciding = 0;

  constructor(
    private readonly turn: AgentTurn,
    private readonly outside: Pick<Outside, 'decide'>,
    private readonly write: (line: string) => void,
    private readonly around: {
      /** A decision was made, or none can be. */
      readonly decided: () => void;
      readonly masked: (text: string) => string;
    },
  ) {
    setMaxListeners(MOST_AT_ONCE, this.#gone.signal);
  }

  /** While it is so, that Codex shows no progress is nobody's fault. */
  get waiting(): boolean {
    return this.#deciding > 0;
  }

  /** Each question of a process once; of those that were answered before the log says so. */
  look({ questions }: Pick<Conversation, 'questions'>): void {
    for (const { id, method, read } of questions) {
      if (this.#taken.has(id)) continue;
      this.#taken.add(id);
      if (read === null) this.write(refusal(id, method));
      else if (this.#deciding >= MOST_AT_ONCE) this.#answer(id, 'deny');
      else void this.#decide(id, read);
    }
  }

  /** Nobody waits for answers any more. */
  end(): void {
    this.#gone.abort();
  }

  async #decide(id: OpenQuestion['id'], read: Parameters<Outside['decide']>[1]): Promise<void> {
    this.#deciding += 1;
    try {
      const shown = { ...read, text: this.around.masked(read.text) };
      const decision = await this.outside.decide(this.turn, shown, this.#gone.signal);
      this.#answer(id, decision);
    } catch {
      // Nobody can be asked any more: the turn ends, or another service asks again.
    } finally {
      this.#deciding -= 1;
      this.around.decided();
    }
  }

  #answer(id: OpenQuestion['id'], decision: 'approve' | 'deny'): void {
    const result: Decided = { decision: decision === 'approve' ? 'accept' : 'decline' };
    this.write(answer(id, result));
  }
}
