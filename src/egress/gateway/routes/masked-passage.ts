import type { IncomingMessage } from 'node:http';
import type { Readable, Writable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, type Gunzip } from 'node:zlib';

import { ValueMask, type MaskForms } from './value-mask.js';

/** How long a few bytes that may begin a secret wait for the next ones. */
const RELEASE_MS = 50;

const DECODERS: Readonly<Record<string, () => Gunzip>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The body of an answer in plain bytes, whatever was asked for; `null` where it cannot be read, and so
 * not be searched. `recoded`: it came in another coding.
 */
export function plainBody(
  message: IncomingMessage,
  method: string,
): { body: Readable; recoded: boolean } | null {
  const isBodyless =
    method === 'HEAD' ||
    [204, 304].includes(message.statusCode ?? 0) ||
    message.headers['content-length'] === '0';
  const transfer = message.headers['transfer-encoding']?.toLowerCase();
  if (transfer !== undefined && transfer !== 'chunked') return null;
  const coding = message.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (coding === '' || coding === 'identity') return { body: message, recoded: false };
  const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding]?.() : undefined;
  if (decoder === undefined) return null;
  if (isBodyless) return { body: message, recoded: true };
  message.once('close', () => {
    if (!message.complete) decoder.destroy();
  });
  return { body: message.pipe(decoder), recoded: true };
}

/** Passes on what comes as fast as it is taken, with stars for the secret. */
export function passMasked(
  from: Readable,
  to: Writable,
  { forms, count }: { forms: MaskForms; count: (bytes: number) => boolean },
): void {
  const mask = new ValueMask(forms);
  let timer: NodeJS.Timeout | undefined;
  const resume = (): void => {
    from.resume();
  };
  const give = (bytes: Buffer): void => {
    if (bytes.length > 0 && !to.write(bytes)) from.pause();
  };
  from.on('data', (bytes: Buffer) => {
    clearTimeout(timer);
    if (!count(bytes.length)) return;
    give(mask.push(bytes));
    if (mask.held > 0) timer = setTimeout(() => give(mask.release()), RELEASE_MS);
  });
  to.on('drain', resume);
  to.once('close', () => clearTimeout(timer));
  from.once('end', () => {
    clearTimeout(timer);
    to.off('drain', resume);
    give(mask.end());
    to.end();
  });
}
