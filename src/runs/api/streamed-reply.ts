import { Readable } from 'node:stream';

import type { FastifyReply } from 'fastify';

import { cutWhenStalled } from './stalled-reader.js';

/** What lies between what is read and a client's socket, in bytes. */
const BUFFER_BYTES = 64 * 1024;

const KEEP_ALIVE_MS = 30_000;

/**
 * Sends chunks as they come; `live` ones may come late. A client that does not read is cut off, and
 * HEAD gets the headers alone.
 */
export async function sendStream(
  reply: FastifyReply,
  chunks: AsyncGenerator<string>,
  { mediaType, live }: { mediaType: string; live: boolean },
): Promise<void> {
  void reply.header('Content-Type', mediaType);
  void reply.header('Cache-Control', 'no-store');
  // A reverse proxy in front must not gather what is to be seen at once.
  if (live) void reply.header('X-Accel-Buffering', 'no');
  // Headers alone: nobody would read a stream, and a live one lasts as long as its run.
  if (reply.request.method === 'HEAD') return void (await reply.send());
  // A quiet command is no idle connection; a client that is gone is found by the kernel's probes.
  if (live) reply.raw.socket?.setTimeout(0).setKeepAlive(true, KEEP_ALIVE_MS);
  const body = Readable.from(
    cutWhenStalled(chunks, () => reply.raw.destroy()),
    { objectMode: false, highWaterMark: BUFFER_BYTES },
  );
  await reply.send(body);
}

/** The header is a browser's or a client's copy of our own `id`; anything else counts as none. */
export function seqOf(lastEventId: string | undefined): number {
  return lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0;
}

/** A generator that waits is not ended by its stream: a quiet run would keep it for ever. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}
