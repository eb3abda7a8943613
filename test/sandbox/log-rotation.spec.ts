import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { FileOutputLog } from '../../src/runs/output/file-output-log.js';
import { logMarkOf } from '../../src/runs/output/log-mark-of.js';
import { OutputRecorder } from '../../src/runs/output/output-recorder.js';
import { encodeFrame, newNonce } from '../../src/sandbox/frame.js';
import { readLog } from '../../src/sandbox/log-reader.js';
import { Sandbox } from '../../src/sandbox/sandbox.js';
import { until } from '../runs/until.js';
import { SandboxBench, type Place } from './sandbox-bench.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const MiB = 1024 * 1024;
/** A third of a file of the log, which has 1 MiB here instead of 64 and more. */
const LINES = 10_000;
const PATIENCE_MS = 60_000;
/** Of two lines, so that the first is held back until the second is there. */
const SECRET = 'a-long\nsecret';

let bench: SandboxBench;
let directory: string;
let log: FileOutputLog;

beforeAll(() => {
  bench = new SandboxBench();
  directory = mkdtempSync(join(tmpdir(), 'risoluto-rotation-'));
  log = new FileOutputLog(directory);
});
afterAll(async () => {
  await bench.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Started {
  sandbox: Sandbox;
  place: Place;
  nonce: string;
}

async function start(script: string): Promise<Started> {
  const place = await bench.place();
  const sandbox = await bench.createChanged(
    (body) => {
      const { Type, Config } = body.HostConfig.LogConfig;
      body.HostConfig.LogConfig = { Type, Config: { ...Config, 'max-size': '1024k' } };
    },
    { place },
  );
  const nonce = newNonce();
  await sandbox.start(encodeFrame({ env: {}, argv: ['sh', '-c', script], nonce }), nonce);
  return { sandbox, place, nonce };
}

function say({ place }: Started, word: string): void {
  writeFileSync(join(place.workspaceDir, word), '');
}

async function untilSaid({ place }: Started, word: string): Promise<void> {
  const said = () => (existsSync(join(place.workspaceDir, word)) ? true : null);
  await until(word, said, PATIENCE_MS);
}

/** Prints chunk after chunk of numbers, each when it is told to. */
function chunks(count: number): string {
  const each = Array.from(
    { length: count },
    (_, n) =>
      `until [ -e /workspace/go-${n} ]; do sleep 0.05; done; seq ${n * LINES + 1} ${(n + 1) * LINES}; ` +
      `: >/workspace/printed-${n}`,
  );
  return each.join('; ');
}

/** What a reader sees that has the size of these small files for the least, a `|` for a gap. */
class Reading {
  text = '';
  readonly #stop = new AbortController();
  readonly done: Promise<void>;
  /** While it is set, nothing is read. */
  held: Promise<void> | null = null;

  constructor({ sandbox }: Started) {
    const source = {
      engine: bench.engine,
      containerId: sandbox.containerId,
      exited: sandbox.wait(),
      signal: this.#stop.signal,
      leastFileBytes: MiB,
    };
    this.done = (async () => {
      for await (const { pieces, afterGap } of readLog(source)) {
        this.text += `${afterGap ? '|' : ''}${pieces.map(({ bytes }) => String(bytes)).join('')}`;
        await this.held;
      }
    })();
  }

  untilRead(text: string): Promise<true> {
    const read = () => (this.text.includes(text) ? true : null);
    return until(`${text} to be read`, read, PATIENCE_MS);
  }

  /** The numbers between two gaps. */
  parts(): number[][] {
    return this.text.split('|').map((part) =>
      part
        .split('\n')
        .filter((line) => /^\d+$/.test(line))
        .map(Number),
    );
  }

  stop(): void {
    this.#stop.abort();
  }
}

function counted(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

describe('a log of which the engine drops the oldest', () => {
  it('is read once and whole by a reader that keeps up, over many files', async () => {
    const count = 7;
    const started = await start(chunks(count));
    const reading = new Reading(started);
    for (let n = 0; n < count; n += 1) {
      say(started, `go-${n}`);
      await reading.untilRead(`\n${(n + 1) * LINES}\n`);
    }
    await reading.done;
    expect(reading.parts()).toEqual([counted(1, count * LINES)]);
    await started.sandbox.remove();
  });

  it('shows a gap wherever something is missing, and nothing twice, to one that does not', async () => {
    const started = await start('until [ -e /workspace/go ]; do sleep 0.05; done; seq 600000');
    const reading = new Reading(started);
    say(started, 'go');
    let release: () => void = () => undefined;
    reading.held = new Promise((resolve) => (release = resolve));
    await started.sandbox.wait();
    release();
    reading.held = null;
    await reading.done;
    const parts = reading.parts();
    expect(parts.length).toBeGreaterThan(1);
    expect(parts[0]?.[0]).toBe(1);
    expect(parts.at(-1)?.at(-1)).toBe(600_000);
    for (const [index, part] of parts.entries()) {
      expect(part).toEqual(counted(part[0] ?? 0, (part[0] ?? 0) + part.length - 1));
      // Less than two files of 1 MiB is never there.
      expect(part.length).toBeLessThan(100_000);
      const before = parts[index - 1]?.at(-1) ?? 0;
      if (index > 0) expect(part[0]).toBeGreaterThan(before + 1);
    }
    await started.sandbox.remove();
  });
});

/** Stores what the sandbox prints, as a life of the service does, until it holds the text or it ends. */
async function life(
  id: string,
  { sandbox }: { sandbox: Sandbox },
  { upTo, rotated }: { upTo: string | null; rotated: boolean },
): Promise<void> {
  const appender = await log.open(id);
  const stop = new AbortController();
  const { last } = appender;
  const recorder = new OutputRecorder(appender, {
    turn: 1,
    values: [SECRET],
    limitBytes: 64 * MiB,
    goesOn: rotated,
    onStored: () => undefined,
  });
  const from = rotated ? { mark: logMarkOf(last) } : null;
  let text = '';
  for await (const piece of sandbox.output(stop.signal, from)) {
    await recorder.write(piece);
    text = text.slice(-100) + String(piece.bytes);
    if (upTo !== null && text.includes(upTo)) break;
  }
  await (upTo === null ? recorder.end(Date.now()) : recorder.pause());
  await appender.close();
}

function storedOf(id: string): string {
  return readFileSync(join(directory, `${id}.ndjson`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { stream: string; text: string })
    .map(({ stream, text }) => (stream === 'system' ? '|' : text))
    .join('');
}

function adopted({ sandbox, nonce }: Started): { sandbox: Sandbox } {
  const { containerId, report } = sandbox;
  return { sandbox: Sandbox.adopt(bench.engine, containerId, { report, nonce }) };
}

describe('a service that takes over a command whose log has lost its beginning', () => {
  it('marks nothing where all was stored, and goes on in the middle of a secret', async () => {
    const last = 'echo a-long; until [ -e /workspace/more ]; do sleep 0.05; done; echo secret';
    const started = await start(`${chunks(10)}; ${last}; echo over`);
    for (let n = 0; n < 10; n += 1) {
      say(started, `go-${n}`);
      await untilSaid(started, `printed-${n}`);
      const next = adopted(started);
      const rotated = (await next.sandbox.head()) === 'lost';
      await life('whole', next, { upTo: `${(n + 1) * LINES}\n`, rotated });
    }
    const current = adopted(started);
    expect(await current.sandbox.head()).toBe('lost');
    await life('whole', current, { upTo: 'a-long\n', rotated: true });
    say(started, 'more');
    await life('whole', adopted(started), { upTo: null, rotated: true });
    const numbers = counted(1, 10 * LINES).map((n) => `${n}\n`);
    expect(storedOf('whole')).toBe(`${numbers.join('')}***\nover\n`);
    await started.sandbox.remove();
  });

  it('marks a gap where not all was stored, once', async () => {
    const started = await start(chunks(14));
    say(started, 'go-0');
    await life('gap', started, { upTo: `${LINES}\n`, rotated: false });
    for (let n = 1; n < 14; n += 1) say(started, `go-${n}`);
    await started.sandbox.wait();
    const next = adopted(started);
    expect(await next.sandbox.head()).toBe('lost');
    await life('gap', next, { upTo: null, rotated: true });
    const [before = '', after = '', ...more] = storedOf('gap').split('|');
    expect(more).toEqual([]);
    expect(before).toBe(
      counted(1, LINES)
        .map((n) => `${n}\n`)
        .join(''),
    );
    // What may be the end of a value is hidden: the first line is a part of one.
    const [, ...lines] = after.split('\n');
    const first = Number(lines[0]);
    expect(first).toBeGreaterThan(2 * LINES);
    expect(lines.join('\n')).toBe(
      counted(first, 14 * LINES)
        .map((n) => `${n}\n`)
        .join(''),
    );
    await started.sandbox.remove();
  });
});
