import { isTooDeep } from '../../kernel/json-depth.js';
import type { AgentEvent } from '../agents/turn-driver.js';
import { maskedData, maskedText } from '../masking/masked-text.js';
import type { MaskPatterns } from '../masking/output-masker.js';
import type { RecordedEvent } from './output-record.js';

const MOST_TEXT_BYTES = 32 * 1024;
const MOST_DATA_BYTES = 16 * 1024;

/** An event as it is stored and shown: masked, of bounded size, its text ended by a line break. */
export function shownEvent(
  patterns: MaskPatterns,
  { type, text, data = {} }: AgentEvent,
): { text: string; recorded: RecordedEvent } {
  const masked = isTooDeep(data)
    ? null
    : (maskedData(patterns, data) as Readonly<Record<string, unknown>>);
  const fits = masked !== null && Buffer.byteLength(JSON.stringify(masked)) <= MOST_DATA_BYTES;
  return {
    text: lineOf(maskedText(patterns, text)),
    // The type is last: no data takes its place.
    recorded: { ...(fits ? masked : { dataTooLarge: true }), type },
  };
}

function lineOf(text: string): string {
  const shown = Buffer.byteLength(text) <= MOST_TEXT_BYTES ? text : cut(text);
  return shown === '' || shown.endsWith('\n') ? shown : `${shown}\n`;
}

/** In whole characters. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  let end = MOST_TEXT_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return `${bytes.toString('utf8', 0, end)}\n[cut: ${bytes.length - end} bytes more]\n`;
}
