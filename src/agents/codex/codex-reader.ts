import type { AgentEvent, AgentReader } from '../../runs/agents/turn-driver.js';
import { eventsOfItem } from './item-events.js';
import { readMessage, type RpcMessage } from './json-rpc.js';
import { isApproval, questionText } from './question.js';
import { readError, readItem, readPlan, readUsage, readWarning } from './wire.js';
import { inHand, kept, without, type WorkInHand } from './work-in-hand.js';

/** Codex's lines as events. Remembers what Codex works on, so that a question can be told in full. */
export class CodexReader implements AgentReader {
  #working: Readonly<Record<string, WorkInHand>> = {};

  push(line: string): readonly AgentEvent[] {
    const message = readMessage(line);
    if (message === null) return [];
    if (message.kind === 'question') return this.#question(message);
    return message.kind === 'notice' ? this.#notice(message.method, message.params) : [];
  }

  #question({ method, params }: RpcMessage & { kind: 'question' }): AgentEvent[] {
    if (!isApproval(method)) return [];
    return [{ type: 'approval', text: questionText({ method, params }, this.#working) }];
  }

  #notice(method: string, params: unknown): AgentEvent[] {
    switch (method) {
      case 'item/started': {
        const item = readItem(params)?.item;
        if (item !== undefined) this.#working = kept(this.#working, item.id, inHand(item));
        return [];
      }
      case 'item/completed': {
        const item = readItem(params)?.item;
        if (item === undefined) return [];
        this.#working = without(this.#working, item.id);
        return eventsOfItem(item);
      }
      case 'turn/plan/updated':
        return planEvent(params);
      case 'thread/tokenUsage/updated':
        return usageEvent(params);
      case 'error':
        return errorEvent(params);
      case 'turn/completed':
        this.#working = {};
        return [];
      case 'warning': {
        const warning = readWarning(params);
        return warning === null ? [] : [{ type: 'notice', text: warning.message }];
      }
      default:
        return [];
    }
  }
}

function planEvent(params: unknown): AgentEvent[] {
  const read = readPlan(params);
  if (read === null) return [];
  const steps = read.plan.map(({ step, status }) => `[${status}] ${step}`);
  const text = [...(read.explanation === null ? [] : [read.explanation]), ...steps].join('\n');
  return [{ type: 'plan', text, data: { steps: read.plan } }];
}

function usageEvent(params: unknown): AgentEvent[] {
  const total = readUsage(params)?.tokenUsage.total;
  if (total === undefined) return [];
  const { inputTokens, cachedInputTokens, outputTokens, reasoningOutputTokens } = total;
  const text = `${String(inputTokens)} tokens in, ${String(outputTokens)} out`;
  const data = { inputTokens, cachedInputTokens, outputTokens, reasoningOutputTokens };
  return [{ type: 'usage', text, data }];
}

function errorEvent(params: unknown): AgentEvent[] {
  const read = readError(params);
  if (read === null) return [];
  const { message, additionalDetails } = read.error;
  const text = additionalDetails === null ? message : `${message}: ${additionalDetails}`;
  return [{ type: 'error', text, data: { willRetry: read.willRetry } }];
}
