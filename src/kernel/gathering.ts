interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks for many things at once what is asked for one at a time: those of the same moment go together,
 * at most `most` of them, behind everything that is there already. They fail together.
 */
export class Gathering<Item, Result> {
  #waiting: Waiting<Item, Result>[] = [];

  /** @param act as many results as items, in their order */
  constructor(
    private readonly most: number,
    private readonly act: (items: readonly Item[]) => Promise<readonly Result[]>,
  ) {}

  add(item: Item): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let begin = 0; begin < waiting.length; begin += this.most) {
      void this.#together(waiting.slice(begin, begin + this.most));
    }
  }

  async #together(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.act(batch.map(({ item }) => item));
      if (results.length !== batch.length) throw new Error('there is not a result for each item');
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
