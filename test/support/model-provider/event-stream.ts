import type { ModelUsage, OutputItem } from './model-reply.js';

const NO_USAGE: ModelUsage = { input: 0, output: 0 };

/** The events of a response up to and without its end. */
export function openingEvents(responseId: string, items: readonly OutputItem[]): string {
  const events: object[] = [{ type: 'response.created', response: { id: responseId } }];
  for (const [index, item] of items.entries()) {
    const numbered = { id: `${responseId}_${String(index)}`, ...item };
    events.push({ type: 'response.output_item.added', output_index: index, item: numbered });
    events.push({ type: 'response.output_item.done', output_index: index, item: numbered });
  }
  return events.map(encode).join('');
}

/** The event that ends a response. */
export function closingEvent(responseId: string, usage: ModelUsage = NO_USAGE): string {
  const { input, cached = 0, output, reasoning = 0 } = usage;
  return encode({
    type: 'response.completed',
    response: {
      id: responseId,
      usage: {
        input_tokens: input,
        input_tokens_details: { cached_tokens: cached },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: reasoning },
        total_tokens: input + output,
      },
    },
  });
}

function encode(event: object): string {
  const { type } = event as { type: string };
  return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
}
