import { Injectable } from '@nestjs/common';

import { OutputLog } from './output-log.js';

/** The end of what a run printed, for those who tell others of it. */
@Injectable()
export class OutputTail {
  constructor(private readonly log: OutputLog) {}

  /**
   * The text that was stored last, masked, of all streams in the order of storing: at most so many
   * bytes of UTF-8, none of them a part of a character. Costs by `bytes`, not by what the run printed.
   */
  async read(runId: string, bytes: number): Promise<string> {
    const records = await this.log.tail(runId, bytes);
    return lastBytes(records.map(({ text }) => text).join(''), bytes);
  }

  /**
   * What an agent said last, masked as it is stored; `null` where it said nothing in so many bytes before
   * the end, or the run is one of a command.
   */
  async lastMessage(runId: string, bytes: number): Promise<string | null> {
    const records = await this.log.tail(runId, bytes);
    return records.findLast(({ event }) => event?.type === 'message')?.text ?? null;
  }
}

function lastBytes(text: string, most: number): string {
  const bytes = Buffer.from(text, 'utf8');
  let start = Math.max(0, bytes.length - most);
  // A continuation byte belongs to a character that began before.
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1;
  return bytes.toString('utf8', start);
}
