import { hostFaultBehind } from '../kernel/host-fault.js';
import { newId } from '../kernel/ids.js';
import { FenceCommandError, type BackendObstacle } from './fence-backend.js';
import type { FenceHelperSlot, FenceHelperStream } from './fence-helper-launcher.js';
import type { ToolCall, ToolResult } from './fence-tools.js';
import { decodeAnswer, encodeRequest, HELPER_ARGV } from './helper-protocol.js';
import { ToolBackend } from './tool-backend.js';

const TIME_LIMIT_MS = 10_000;

interface Waiting {
  resolve(result: ToolResult): void;
  reject(error: Error): void;
}

/** Writes the rules through a helper container, which it starts when first needed and again when it ended. */
export class HelperFenceBackend extends ToolBackend {
  readonly name = 'helper';
  readonly #slot: FenceHelperSlot;
  readonly #waiting = new Map<string, Waiting>();
  #stream: Promise<FenceHelperStream> | null = null;

  constructor(slot: FenceHelperSlot) {
    super();
    this.#slot = slot;
  }

  async obstacle(): Promise<BackendObstacle | null> {
    if (!this.#slot.launcher) {
      return { reason: 'no helper container can be started', remedy: 'run the service as root' };
    }
    try {
      await this.#connected();
      return null;
    } catch (error) {
      if (hostFaultBehind(error) !== null) throw error;
      return {
        reason: 'the helper container does not start',
        remedy: 'run the service as root, or build the image risoluto-fence:latest',
      };
    }
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = null;
    await (await stream?.catch(() => null))?.stop();
  }

  protected async run(call: ToolCall): Promise<ToolResult> {
    const stream = await this.#connected();
    const id = newId();
    const line = encodeRequest(id, call);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<ToolResult>((resolve, reject) => {
        this.#waiting.set(id, { resolve, reject });
        timer = setTimeout(() => reject(new Error('no answer')), TIME_LIMIT_MS);
        stream.write(line).catch(reject);
      });
    } catch (error) {
      // What the helper did with the line is unknown: a new one starts from the whole rule set.
      await this.close().catch(() => undefined);
      throw new FenceCommandError(`${call.argv[0]} in the helper`, String(error), error);
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #connected(): Promise<FenceHelperStream> {
    if (this.#stream) return this.#stream;
    const launcher = this.#slot.launcher;
    if (!launcher) return Promise.reject(new FenceCommandError('helper', 'no launcher'));
    const starting = launcher.start(HELPER_ARGV);
    this.#stream = starting;
    starting.then(
      (stream) => void this.#read(stream, starting),
      () => this.#forget(starting),
    );
    return starting;
  }

  async #read(stream: FenceHelperStream, starting: Promise<FenceHelperStream>): Promise<void> {
    try {
      for await (const line of stream.lines) {
        const answer = decodeAnswer(line);
        if (answer) this.#waiting.get(answer.id)?.resolve(answer.result);
      }
    } catch {
      // The same as an end: whoever waits is told below.
    }
    this.#forget(starting);
  }

  #forget(stream: Promise<FenceHelperStream>): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    for (const waiting of this.#waiting.values()) waiting.reject(new Error('the helper ended'));
  }
}
