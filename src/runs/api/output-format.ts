import type { FollowEvent } from '../output/output-follower.js';
import type { OutputRecord } from '../output/output-record.js';
import { accepted } from './accepted.js';

export type OutputFormat = 'ndjson' | 'events' | 'text';

export const MEDIA_TYPES: Readonly<Record<OutputFormat, string>> = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  events: 'text/event-stream; charset=utf-8',
  text: 'text/plain; charset=utf-8',
};

const OFFERS: readonly (readonly [OutputFormat, RegExp])[] = [
  ['ndjson', /^(application\/x-ndjson|application\/\*|\*\/\*)$/],
  ['events', /^text\/event-stream$/],
  ['text', /^(text\/plain|text\/\*)$/],
];

export function chosenFormat(accept: string | undefined): OutputFormat {
  return accepted(accept, OFFERS) ?? 'ndjson';
}

/** `hideRaw`: text for a person is without the lines by which an agent speaks to its driver. */
export function formatRecords(
  format: OutputFormat,
  records: readonly OutputRecord[],
  hideRaw = false,
): string {
  const shown =
    format === 'text' && hideRaw ? records.filter(({ stream }) => stream !== 'stdout') : records;
  return shown.map((record) => formatRecord(format, record)).join('');
}

function formatRecord(format: OutputFormat, record: OutputRecord): string {
  if (format === 'text') return record.text;
  const { seq, at, turn, stream, text, event } = record;
  const json = JSON.stringify({ seq, at: new Date(at).toISOString(), turn, stream, text, event });
  return format === 'ndjson' ? `${json}\n` : `id: ${seq}\nevent: output\ndata: ${json}\n\n`;
}

/** The events of a live stream beside its records; only event streams show them. */
export function formatEvent(
  format: OutputFormat,
  event: Exclude<FollowEvent, { kind: 'records' }>,
): string {
  if (format !== 'events') return '';
  if (event.kind === 'idle') return ': still here\n\n';
  if (event.kind === 'stopping') return 'event: stopping\ndata: {"reason":"service_stopping"}\n\n';
  const { status, exitCode } = event;
  return `event: end\ndata: ${JSON.stringify({ status, exitCode })}\n\n`;
}
