import type { ContainerEngine, EngineInput } from './container-engine.js';

/** The standard input of what runs in a container, for one that keeps it open. */
export class SandboxInput {
  #opened: Promise<EngineInput> | null;
  #closed = false;

  constructor(
    private readonly engine: ContainerEngine,
    private readonly containerId: string,
    opened: EngineInput | null = null,
  ) {
    this.#opened = opened && Promise.resolve(opened);
  }

  /**
   * Resolves when the bytes are handed to the engine, which is not to say that they were read. A
   * connection that had ended before is opened again, so that nothing is written twice.
   *
   * @throws DomainError `engine_unavailable`; an `EngineRefusal` when the container has ended
   */
  async write(bytes: Buffer): Promise<void> {
    if (this.#closed) throw new Error('the input was closed');
    const input = await this.#open();
    try {
      await input.write(bytes);
    } catch (error) {
      this.#opened = null;
      input.close();
      throw error;
    }
  }

  /** Lets go of it: the input itself stays open, for another one to write to. */
  close(): void {
    this.#closed = true;
    void this.#opened?.then(
      (input) => input.close(),
      () => undefined,
    );
  }

  async #open(): Promise<EngineInput> {
    const opened = await this.#opened?.catch(() => null);
    if (opened?.open) return opened;
    opened?.close();
    this.#opened = this.engine.attachInput(this.containerId);
    return this.#opened;
  }
}
