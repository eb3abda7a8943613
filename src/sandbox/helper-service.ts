import type { Readable } from 'node:stream';

import type { ContainerEngine, EngineInput } from './container-engine.js';
import { LogDemultiplexer } from './log-frames.js';

/** A helper that lives until it is stopped, and is spoken to line by line. */
export interface HelperService {
  /** Without the line feed; rejects when the helper is gone. */
  write(line: string): Promise<void>;
  /** Each line that it prints on its standard output; ends when the helper ends. */
  readonly lines: AsyncIterable<string>;
  /** Ends and removes it; fine when it has ended. */
  stop(): Promise<void>;
}

/** The helper behind an attached input and a followed log. */
export function serviceOf(
  engine: ContainerEngine,
  id: string,
  { input, log }: { input: EngineInput; log: Readable },
): HelperService {
  return {
    write: (line) => input.write(Buffer.from(`${line}\n`)),
    lines: linesOf(log),
    stop: async () => {
      input.close();
      log.destroy();
      await engine.removeContainer(id);
    },
  };
}

async function* linesOf(log: Readable): AsyncGenerator<string> {
  const demultiplexer = new LogDemultiplexer();
  let rest = '';
  for await (const chunk of log) {
    for (const { stream, bytes } of demultiplexer.push(chunk as Buffer)) {
      if (stream !== 'stdout') continue;
      const lines = (rest + bytes.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  }
}
