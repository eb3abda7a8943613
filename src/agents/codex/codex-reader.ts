import type { AgentEvent, AgentReader } from '../../runs/agents/turn-driver.js';
import { eventsOfItem } from './item-events.js';
import { readMessage, type RpcMessage } from './json-rpc.js';
import { isApproval, questionText } from './question.js';
import { readError, readItem, readPlan, readUsage, readWarning, type ItemOnWire } from './wire.js';

/** Codex's lines as events. Remembers what Codex works on, so that a question can be told in full. */
export class CodexReader implements AgentReader {
  readonly #working = new Map<string, ItemOnWire>();

  push(line: string): readonly AgentEvent[] {
    const message = readMessage(line);
    if (message === null) return [];
    if (message.kind === 'question') return this.#question(message);
    return message.kind === 'notice' ? this.#notice(message.method, message.params) : [];
  }

  #question({ method, params }: RpcMessage & { kind: 'question' }): AgentEvent[] {
    if (!isApproval(method)) return [];
    const working = Object.fromEntries(this.#working);
    return [{ type: 'approval', text: questionText({ method, params }, working) }];
  }

  #notice(method: string, params: unknown): AgentEvent[] {
    switch (method) {
      case 'item/started': {
        const item = readItem(params)?.item;
        if (item !== undefined) this.#working.set(item.id, item);
        return [];
      }
      case 'item/completed': {
        const item = readItem(params)?.item;
        if (item === undefined) return [];
        this.#working.delete(item.id);
        return eventsOfItem(item);
      }
      case 'turn/plan/updated':
        return planEvent(params);
      case 'thread/tokenUsage/updated':
        return usageEvent(params);
      case 'error':
        return errorEvent(params);
      case 'turn/completed':
        this.#working.clear();
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
