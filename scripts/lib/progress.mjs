const HEARTBEAT_MS = 10_000;

/** Numbered stages with the time since the start, and a sign of life while one says nothing. */
export class Progress {
  #startedAt = performance.now();
  #number = 0;
  #latest = '';

  /** @param {number} total how many stages there will be */
  constructor(total) {
    this.total = total;
  }

  /**
   * @template T
   * @param {string} title
   * @param {(note: (line: string) => void) => Promise<T>} work `note` keeps a line for the sign of life
   * @returns {Promise<T>}
   */
  async stage(title, work) {
    this.heading(title);
    this.#latest = '';
    const startedAt = performance.now();
    const heartbeat = setInterval(() => this.#beat(startedAt), HEARTBEAT_MS);
    try {
      const result = await work((line) => (this.#latest = line));
      console.log(`      done in ${seconds(performance.now() - startedAt)}`);
      return result;
    } finally {
      clearInterval(heartbeat);
    }
  }

  /**
   * A stage that shows its own life.
   * @param {string} title
   */
  heading(title) {
    this.#number += 1;
    console.log(`\n[${this.#number}/${this.total}] ${this.#clock()}  ${title}`);
  }

  /** @param {number} startedAt */
  #beat(startedAt) {
    const what = this.#latest.trim().slice(0, 100);
    console.log(`      … ${seconds(performance.now() - startedAt)}${what && `  ${what}`}`);
  }

  #clock() {
    return seconds(performance.now() - this.#startedAt).padStart(7);
  }
}

/** @param {string} line */
export function say(line) {
  console.log(`      ${line}`);
}

/** @param {number} milliseconds */
function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
