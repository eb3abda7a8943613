import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';

import type { Flow } from './flow.js';

/** What is asked before bytes are passed on. */
export interface ByteGate {
  readonly over: boolean;
  count(bytes: number): boolean;
}

/** Passes on what comes, as fast as it is taken, as long as the flow may. */
export function pump(from: Readable, to: Writable, flow: ByteGate): void {
  const resume = (): void => {
    from.resume();
  };
  from.on('data', (bytes: Buffer) => {
    if (flow.count(bytes.length) && !to.write(bytes)) from.pause();
  });
  to.on('drain', resume);
  const end = (): void => {
    to.off('drain', resume);
    if (!flow.over) to.end();
  };
  if (from.readableEnded) end();
  else from.once('end', end);
}

/**
 * Of a tunnel: ends the flow when both sides have closed. Where one breaks off the other is broken off
 * too, so that neither takes half for the whole.
 */
export function joinEnds(client: Socket, upstream: Socket, flow: Flow): void {
  const closed = (one: Socket, other: Socket): void => {
    if (flow.over) return;
    if (!one.readableEnded || !one.writableFinished) other.resetAndDestroy();
    if (client.destroyed && upstream.destroyed) flow.end();
  };
  for (const side of [client, upstream]) {
    if (side.readableEnded) flow.sideEnded();
    else side.once('end', () => flow.sideEnded());
  }
  client.once('close', () => closed(client, upstream));
  upstream.once('close', () => closed(upstream, client));
}
