/** Whether a client is still there. An `AbortSignal` would be a tenth of what a connection costs. */
export class ClientPresence {
  readonly #waiting = new Set<() => void>();
  #isGone = false;

  get isGone(): boolean {
    return this.#isGone;
  }

  end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const call of this.#waiting) call();
  }

  /** Each is called once, when the client goes. */
  add(call: () => void): void {
    this.#waiting.add(call);
  }

  remove(call: () => void): void {
    this.#waiting.delete(call);
  }
}
