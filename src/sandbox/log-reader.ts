import { setTimeout as sleep } from 'node:timers/promises';

import { isRefusal } from './engine-refusal.js';
import { LogBell, pause } from './log-bell.js';
import { LogFiles } from './log-files.js';
import { LogPasses, type LogBatch } from './log-pass.js';
import type { LogSource } from './log-source.js';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;
/** Between two looks at a log that cannot be followed. */
const LEAST_PAUSE_MS = 200;
/** Times as long as a look took: the engine is busy with it meanwhile. */
const MOST_SHARE = 4;
/** After a look that brought so much, the next begins at once. */
const MUCH_BYTES = 4 * 1024 * 1024;

/**
 * All that a container prints, from its beginning to its end, batch by batch. A log stream that
 * breaks is taken up where it broke, for as long as the engine takes to come back. After the end the
 * log is read once more from there, so that nothing depends on when a followed one stops.
 *
 * The engine waits for no reader: it drops its oldest file when two are full. The first file is followed;
 * behind it the log is read as it stands, again and again, since each such look is whole in itself and
 * tells, by the record that was taken last, whether anything is missing before it.
 */
export async function* readLog(source: LogSource): AsyncGenerator<LogBatch> {
  const { exited, signal } = source;
  const files = new LogFiles(source);
  const passes = new LogPasses(source, files);
  const end = new AbortController();
  void exited.then(() => end.abort());
  const over = AbortSignal.any([signal, end.signal]);
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const last = end.signal.aborted;
    try {
      const follow = !last && !(await files.mayBeBehindFirst());
      const batches = follow ? passes.follow() : last ? passes.look() : look(source, passes, over);
      for await (const batch of batches) {
        retryMs = FIRST_RETRY_MS;
        yield batch;
      }
      if (last) return;
      if (await files.mayBeBehindFirst()) continue;
    } catch (error) {
      if (isRefusal(error, 404)) return;
    }
    // A followed log ends with the container, a moment before `exited` tells.
    if (last) await sleep(retryMs);
    else await pause(retryMs, over);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }
}

/** What the log has now; ends when it is time for the next look. */
async function* look(
  source: LogSource,
  passes: LogPasses,
  over: AbortSignal,
): AsyncGenerator<LogBatch> {
  const bell = await LogBell.hang(source, over);
  try {
    const began = performance.now();
    // A look also lasts while what it brings cannot be stored, which says nothing about the engine.
    let heldMs = 0;
    for await (const batch of passes.look()) {
      const handed = performance.now();
      yield batch;
      heldMs += performance.now() - handed;
    }
    if (passes.bytes > MUCH_BYTES) return;
    const lookMs = performance.now() - began - heldMs;
    const pauseMs = Math.max(LEAST_PAUSE_MS, MOST_SHARE * lookMs);
    await bell.rings();
    await pause(pauseMs, over);
  } finally {
    bell.remove();
  }
}
