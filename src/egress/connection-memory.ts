/**
 * Which addresses the kernel may still remember connections of. Forgetting costs a walk through the
 * kernel's whole table, so a grant of an address that is known to be clean does without.
 */
export class ConnectionMemory {
  #trusted = false;
  /** While trusted: those that are not clean. Else: those that are. */
  readonly #exceptions = new Set<string>();

  /** All addresses behind the fence were forgotten while all of them were closed. */
  allForgotten(): void {
    this.#trusted = true;
    this.#exceptions.clear();
  }

  /** The fence was not whole: any address may have connected. */
  allSuspect(): void {
    this.#trusted = false;
    this.#exceptions.clear();
  }

  opened(address: string): void {
    if (this.#trusted) this.#exceptions.add(address);
    else this.#exceptions.delete(address);
  }

  /** Of a closed address. */
  forgotten(address: string): void {
    if (this.#trusted) this.#exceptions.delete(address);
    else this.#exceptions.add(address);
  }

  isClean(address: string): boolean {
    return this.#trusted !== this.#exceptions.has(address);
  }
}
