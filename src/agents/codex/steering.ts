import { DomainError } from '../../kernel/domain-error.js';
import { OF_PERSON, type Conversation } from './conversation.js';
import { request } from './json-rpc.js';
import type { TurnSteerParams } from './protocol/v2/TurnSteerParams.js';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What a person says to a turn that goes on. */
export class Steering {
  readonly #waiting = new Map<string, Waiting>();

  constructor(
    private readonly write: (line: string) => void,
    private readonly newId: () => string,
  ) {}

  /** @throws DomainError `turn_not_steerable` when Codex refuses, or ends before it answers */
  steer(threadId: string, turnId: string, text: string): Promise<void> {
    const id = `${OF_PERSON}${this.newId()}`;
    const params: TurnSteerParams = {
      threadId,
      expectedTurnId: turnId,
      clientUserMessageId: id,
      input: [{ type: 'text', text, text_elements: [] }],
    };
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.write(request(id, 'turn/steer', params));
    });
  }

  look({ answers }: Pick<Conversation, 'answers'>): void {
    for (const [id, { resolve, reject }] of this.#waiting) {
      const reason = answers[id];
      if (reason === undefined) continue;
      this.#waiting.delete(id);
      if (reason === null) resolve();
      else reject(notSteerable(`Codex refused: ${reason}`));
    }
  }

  end(): void {
    for (const { reject } of this.#waiting.values()) reject(notSteerable('The turn has ended'));
    this.#waiting.clear();
  }
}

export function notSteerable(message: string): DomainError {
  return new DomainError('turn_not_steerable', message);
}
