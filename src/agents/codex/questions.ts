import type { AgentTurn } from '../../runs/agents/turn-driver.js';
import type { Conversation, OpenQuestion } from './conversation.js';
import { answer, refusal } from './json-rpc.js';
import type { Outside } from './outside.js';
import { readQuestion } from './question.js';
import type { CommandExecutionRequestApprovalResponse } from './protocol/v2/CommandExecutionRequestApprovalResponse.js';
import type { FileChangeRequestApprovalResponse } from './protocol/v2/FileChangeRequestApprovalResponse.js';

type Decided = CommandExecutionRequestApprovalResponse & FileChangeRequestApprovalResponse;

/** Answers what Codex asks: approvals by whoever decides outside, everything else with a refusal. */
export class Questions {
  readonly #taken = new Set<OpenQuestion['id']>();
  #deciding = 0;

  constructor(
    private readonly turn: AgentTurn,
    private readonly outside: Pick<Outside, 'decide'>,
    private readonly write: (line: string) => void,
    /** A decision was made, or none can be. */
    private readonly decided: () => void,
  ) {}

  /** While it is so, that Codex shows no progress is nobody's fault. */
  get waiting(): boolean {
    return this.#deciding > 0;
  }

  /** Each question of a process once; of those that were answered before the log says so. */
  look({ questions, working }: Pick<Conversation, 'questions' | 'working'>): void {
    for (const question of questions) {
      if (this.#taken.has(question.id)) continue;
      this.#taken.add(question.id);
      const read = readQuestion(question, working);
      if (read === null) this.write(refusal(question.id, question.method));
      else void this.#decide(question.id, read);
    }
  }

  async #decide(id: OpenQuestion['id'], read: Parameters<Outside['decide']>[1]): Promise<void> {
    this.#deciding += 1;
    try {
      const allowed = (await this.outside.decide(this.turn, read)) === 'approve';
      const result: Decided = { decision: allowed ? 'accept' : 'decline' };
      this.write(answer(id, result));
    } catch {
      // Nobody can be asked any more: the turn ends, or another service asks again.
    } finally {
      this.#deciding -= 1;
      this.decided();
    }
  }
}
