/**
 * Finds many byte patterns in one pass (Aho and Corasick, CACM 18(6), 1975). Children are linked
 * lists in typed arrays: a node costs 21 bytes, so that values of many KiB stay cheap.
 */
export class PatternAutomaton {
  readonly #byte: Uint8Array;
  readonly #firstChild: Int32Array;
  readonly #nextSibling: Int32Array;
  readonly #fail: Int32Array;
  readonly #depth: Int32Array;
  /** Length of the longest pattern that ends at the node; 0 when none does. */
  readonly #matched: Int32Array;
  readonly #rootChildren = new Int32Array(256);
  #size = 1;

  constructor(patterns: readonly Buffer[]) {
    const capacity = 1 + patterns.reduce((sum, pattern) => sum + pattern.length, 0);
    this.#byte = new Uint8Array(capacity);
    this.#firstChild = new Int32Array(capacity);
    this.#nextSibling = new Int32Array(capacity);
    this.#fail = new Int32Array(capacity);
    this.#depth = new Int32Array(capacity);
    this.#matched = new Int32Array(capacity);
    for (const pattern of patterns) this.#insert(pattern);
    this.#link();
  }

  /** The state after `byte` was read in `state`; the first state is 0. */
  next(state: number, byte: number): number {
    let current = state;
    while (current !== 0) {
      const child = this.#child(current, byte);
      if (child !== 0) return child;
      current = this.#fail[current] ?? 0;
    }
    return this.#rootChildren[byte] ?? 0;
  }

  /** How many of the bytes read last may be the beginning of a pattern. */
  depth(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /** Length of the longest pattern that ends here, or 0. */
  matched(state: number): number {
    return this.#matched[state] ?? 0;
  }

  #child(state: number, byte: number): number {
    if (state === 0) return this.#rootChildren[byte] ?? 0;
    let child = this.#firstChild[state] ?? 0;
    while (child !== 0 && this.#byte[child] !== byte) child = this.#nextSibling[child] ?? 0;
    return child;
  }

  #insert(pattern: Buffer): void {
    let state = 0;
    for (const byte of pattern) {
      const child = this.#child(state, byte);
      state = child === 0 ? this.#add(state, byte) : child;
    }
    if (state !== 0) this.#matched[state] = pattern.length;
  }

  #add(parent: number, byte: number): number {
    const node = this.#size;
    this.#size += 1;
    this.#byte[node] = byte;
    this.#depth[node] = (this.#depth[parent] ?? 0) + 1;
    this.#nextSibling[node] = this.#firstChild[parent] ?? 0;
    this.#firstChild[parent] = node;
    if (parent === 0) this.#rootChildren[byte] = node;
    return node;
  }

  #link(): void {
    const queue = new Int32Array(this.#size);
    let end = 1;
    for (let position = 0; position < end; position += 1) {
      const parent = queue[position] ?? 0;
      for (
        let node = this.#firstChild[parent] ?? 0;
        node !== 0;
        node = this.#nextSibling[node] ?? 0
      ) {
        queue[end] = node;
        end += 1;
        const fail = parent === 0 ? 0 : this.next(this.#fail[parent] ?? 0, this.#byte[node] ?? 0);
        this.#fail[node] = fail;
        this.#matched[node] = Math.max(this.#matched[node] ?? 0, this.#matched[fail] ?? 0);
      }
    }
  }
}
