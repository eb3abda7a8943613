import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ContainerEngine } from './container-engine.js';
import { isRefusal } from './engine-refusal.js';
import { LogDemultiplexer, type LogPiece, formatSince } from './log-frames.js';
import { LongLineRepair } from './long-line-repair.js';
import { LogPosition } from './log-position.js';

/** Silence after a container's end after which a followed log will say no more. */
const SILENCE_AFTER_EXIT_MS = 2_000;
const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

export interface LogSource {
  engine: ContainerEngine;
  containerId: string;
  /** Resolves when the container has ended. */
  exited: Promise<unknown>;
  /** Ends the reading. */
  signal: AbortSignal;
  /** A followed log from the beginning, if one is open already. */
  opened?: Readable | null;
}

/**
 * All that a container prints, from its beginning to its end, batch by batch. A log stream that
 * breaks is taken up where it broke, for as long as the engine takes to come back. After the end the
 * log is read once more from there, so that nothing depends on when a followed one stops.
 */
export async function* readLog(source: LogSource): AsyncGenerator<LogPiece[]> {
  const position = new LogPosition();
  const repair = new LongLineRepair();
  let ended = false;
  void source.exited.then(() => (ended = true));
  let retryMs = FIRST_RETRY_MS;
  while (!source.signal.aborted) {
    const last = ended;
    try {
      for await (const batch of readPass(source, position, !last)) {
        retryMs = FIRST_RETRY_MS;
        yield batch.map((piece) => repair.push(piece));
      }
      if (last) return;
    } catch (error) {
      if (isRefusal(error, 404)) return;
    }
    // A followed log ends with the container, a moment before `exited` tells.
    if (!last) await Promise.race([source.exited, sleep(retryMs)]);
    else await sleep(retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }
}

async function* readPass(
  source: LogSource,
  position: LogPosition,
  follow: boolean,
): AsyncGenerator<LogPiece[]> {
  const { exited, signal } = source;
  const stream = await openLog(source, position, follow);
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop);
  const silence = follow ? endAfterSilence(stream, exited) : null;
  const demultiplexer = new LogDemultiplexer();
  try {
    for await (const chunk of stream) {
      silence?.heard();
      const batch = demultiplexer.push(chunk as Buffer).filter((piece) => position.take(piece));
      if (batch.length > 0) yield batch;
    }
  } finally {
    silence?.stop();
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function openLog(source: LogSource, position: LogPosition, follow: boolean): Promise<Readable> {
  const { engine, containerId, opened } = source;
  const since = position.beginPass();
  if (opened && !opened.destroyed) {
    source.opened = null;
    return Promise.resolve(opened);
  }
  return engine.logs(containerId, {
    follow,
    ...(since === null ? {} : { since: formatSince(since) }),
  });
}

function endAfterSilence(stream: Readable, exited: Promise<unknown>) {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const arm = () => {
    if (over) return;
    clearTimeout(timer);
    timer = setTimeout(() => stream.destroy(), SILENCE_AFTER_EXIT_MS);
  };
  void exited.then(arm);
  return {
    heard: () => {
      if (timer) arm();
    },
    stop: () => {
      over = true;
      clearTimeout(timer);
    },
  };
}
