import type { FollowEvent } from '../output/output-follower.js';
import type { OutputRecord } from '../output/output-record.js';

export type OutputFormat = 'ndjson' | 'events' | 'text';

export const MEDIA_TYPES: Readonly<Record<OutputFormat, string>> = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  events: 'text/event-stream; charset=utf-8',
  text: 'text/plain; charset=utf-8',
};

/** RFC 9110 section 12.5.1, as far as three types need it: the best quality wins, then our order. */
export function chosenFormat(accept: string | undefined): OutputFormat {
  const offers: [OutputFormat, RegExp][] = [
    ['ndjson', /^(application\/x-ndjson|application\/\*|\*\/\*)$/],
    ['events', /^text\/event-stream$/],
    ['text', /^(text\/plain|text\/\*)$/],
  ];
  let best: { format: OutputFormat; quality: number; specific: boolean } | null = null;
  for (const part of (accept ?? '*/*').toLowerCase().split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    const quality = weight === undefined ? 1 : Number(weight.slice(2)) || 0;
    const offer = offers.find(([, pattern]) => pattern.test(type));
    if (offer === undefined || quality <= 0) continue;
    const specific = !type.includes('*');
    const better =
      best === null ||
      quality > best.quality ||
      (quality === best.quality && specific && !best.specific);
    if (better) best = { format: offer[0], quality, specific };
  }
  return best?.format ?? 'ndjson';
}

export function formatRecords(format: OutputFormat, records: readonly OutputRecord[]): string {
  return records.map((record) => formatRecord(format, record)).join('');
}

function formatRecord(format: OutputFormat, record: OutputRecord): string {
  if (format === 'text') return record.text;
  const { seq, at, turn, stream, text } = record;
  const json = JSON.stringify({ seq, at: new Date(at).toISOString(), turn, stream, text });
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
