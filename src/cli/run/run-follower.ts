import type { IncomingMessage } from 'node:http';

import type { ServiceClient } from '../service-client.js';
import { unreachable } from '../service/service-error.js';
import { OutputEvents, type OutputEvent } from './output-events.js';
import type { OutputSink } from './output-sink.js';
import { Patience } from './patience.js';
import { pause, type Persistent } from './persistent.js';
import { hasFinished, runPath, type RunView } from './run-view.js';

/** Four of the service's heartbeats: a connection that is silent for longer is dead. */
const SILENCE_MS = 60_000;

/** A stream that held this long was a good one. */
const STEADY_MS = 5000;

/**
 * Follows one run to its end, across lost connections and restarts of the service. Every piece of
 * output reaches the sink once, in order: a stream is taken up behind the last piece that the sink took.
 */
export class RunFollower {
  #after = 0;

  constructor(
    private readonly client: ServiceClient,
    private readonly persistent: Persistent,
    private readonly sink: OutputSink,
    private readonly limitMs: number,
  ) {}

  /** Answers the finished run. @throws CliError when the service is away for too long or refuses */
  async toEnd(runId: string): Promise<RunView> {
    const patience = new Patience(this.limitMs);
    for (;;) {
      const began = performance.now();
      const before = this.#after;
      const response = await this.persistent.call(() => this.#open(runId));
      const ended = await this.#pass(response);
      if (ended) {
        const run = await this.persistent.call(() => this.client.get<RunView>(runPath(runId)));
        if (hasFinished(run)) return run;
      }
      if (this.#after > before || performance.now() - began > STEADY_MS) patience.succeeded();
      const waitMs = patience.afterFailure();
      if (waitMs === null) throw unreachable(this.client.url, new Error('the stream is cut again'));
      await pause(waitMs);
    }
  }

  #open(runId: string): Promise<IncomingMessage> {
    return this.client.stream(`${runPath(runId)}/output`, {
      query: { after: this.#after, follow: 'true' },
      headers: { accept: 'text/event-stream' },
    });
  }

  /** Answers whether the stream told the run's end; `false` for one that was cut or is not ours. */
  async #pass(response: IncomingMessage): Promise<boolean> {
    try {
      for await (const event of eventsOf(response)) {
        if (event.kind === 'record') await this.#take(event.record);
        else if (event.kind === 'end') return true;
      }
    } catch {
      // How it was cut tells nothing: the next attempt to connect does.
    } finally {
      response.destroy();
    }
    return false;
  }

  async #take(record: Parameters<OutputSink['write']>[0]): Promise<void> {
    if (record.seq <= this.#after) return;
    this.#after = record.seq;
    await this.sink.write(record);
  }
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<OutputEvent> {
  const events = new OutputEvents();
  const chunks = (response as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  for (;;) {
    const chunk = await withinSilence(response, chunks.next());
    if (chunk.done === true) return;
    yield* events.read(chunk.value);
  }
}

/** The time that the sink takes does not count: a slow terminal is not a dead connection. */
async function withinSilence<T>(response: IncomingMessage, next: Promise<T>): Promise<T> {
  const timer = setTimeout(() => response.destroy(new Error('silence')), SILENCE_MS);
  try {
    return await next;
  } finally {
    clearTimeout(timer);
  }
}
