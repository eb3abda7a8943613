import { Injectable } from '@nestjs/common';

import { Settings } from '../../../config/settings.js';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import type { Redacted } from '../../../kernel/redacted.js';
import { OutputTail } from '../../../runs/output/output-tail.js';
import { SecretVault } from '../../../secrets/secret-vault.js';
import { OutboundChannel, type Delivery, type OutgoingMessage } from '../sender/channel.js';
import { SendFailure } from '../sender/send-failure.js';
import { commentText } from '../text/comment-text.js';
import { LinearApi } from './linear-api.js';

/** Read of the output; escapes of colours take some of it. */
const TAIL_BYTES = 32_768;
/** Searched for what an agent said last: what it did behind that is short. */
const MESSAGE_TAIL_BYTES = 262_144;

/** Tells issues in Linear: by a comment, then by the state that they are moved to. */
@Injectable()
export class LinearChannel extends OutboundChannel {
  constructor(
    private readonly settings: Settings,
    private readonly vault: SecretVault,
    private readonly tail: OutputTail,
    private readonly clock: Clock,
  ) {
    super();
  }

  async deliver(message: OutgoingMessage, delivery: Delivery): Promise<void> {
    const api = new LinearApi({
      apiUrl: this.settings.webhooks.outbound.linear.apiUrl,
      key: await this.#key(),
      stop: delivery.stop,
      now: () => this.clock.now(),
    });
    const { wish, commented, target } = message;
    if (wish.comment && !commented) {
      await this.#comment(api, message);
      await delivery.commented();
    }
    if (wish.state !== undefined) await moveTo(api, target.issueId, wish.state);
  }

  /** Linear makes one comment of an id; what says whether it has is the comment, not an error’s text. */
  async #comment(api: LinearApi, message: OutgoingMessage): Promise<void> {
    const { commentId, target } = message;
    const body = await this.#text(message);
    try {
      await api.createComment(commentId, target.issueId, body);
    } catch (error) {
      if (!(error instanceof SendFailure) || !error.answered || error.quietMs !== undefined)
        throw error;
      const there = await api.hasComment(commentId);
      if (!there) throw error;
    }
  }

  async #text({ runId, facts }: OutgoingMessage): Promise<string> {
    const { linkBaseUrl, commentOutputLines: outputLines } = this.settings.webhooks.outbound;
    const wanted = facts.outcome !== null && outputLines > 0;
    const message = wanted ? await this.tail.lastMessage(runId, MESSAGE_TAIL_BYTES) : null;
    const output = wanted && message === null ? await this.tail.read(runId, TAIL_BYTES) : '';
    return commentText({ runId, facts, message, output, outputLines, linkBaseUrl });
  }

  async #key(): Promise<Redacted> {
    const name = this.settings.webhooks.outbound.linear.apiKeySecret;
    const key = (await this.#revealed(name)).get(name);
    if (key !== undefined) return key;
    throw new SendFailure('no_api_key', `there is no secret ${name}`, { consequence: 'skip' });
  }

  async #revealed(name: string): Promise<Map<string, Redacted>> {
    try {
      return await this.vault.revealExisting([name]);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      throw new SendFailure(error.code, error.message, { consequence: 'retry' });
    }
  }
}

/** An issue that is there already is left alone. */
async function moveTo(api: LinearApi, issueId: string, name: string): Promise<void> {
  const { current, named } = await api.states(issueId, name);
  const state = named.find((one) => one.name === name) ?? named[0];
  if (state === undefined) {
    throw new SendFailure('state_unknown', `the team of the issue has no state ${name}`, {
      consequence: 'give_up',
    });
  }
  if (state.id !== current) await api.moveIssue(issueId, state.id);
}
