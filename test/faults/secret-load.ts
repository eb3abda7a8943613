import type { RunningService } from '../support/service.js';
import { storedValues } from '../support/stored.js';
import { expectOneOf, expectSame } from './expectations.js';
import type { Life } from './life.js';

const WRITERS = 4;
const KEYS_OF_EACH = 5;

/** What a key was last set to (`null`: deleted) with an answer, and what was sent since. */
interface Expectation {
  acknowledged: string | null;
  attempted: Set<string | null>;
}

/** Sets and deletes secrets without a pause, each writer its own. */
export class SecretLoad {
  readonly #known = new Map<string, Expectation>();
  #count = 0;

  constructor(
    private readonly service: RunningService,
    private readonly masterKey: string,
  ) {}

  write(life: Life): Promise<unknown> {
    return Promise.all(
      Array.from({ length: WRITERS }, (_, writer) =>
        life.repeat(async () => this.#writeOne(life, writer)),
      ),
    );
  }

  async #writeOne(life: Life, writer: number): Promise<void> {
    const n = (this.#count += 1);
    const key = `K${writer}_${n % KEYS_OF_EACH}`;
    const value = n % 7 === 6 ? null : `value-${n}`;
    const expectation = this.#known.get(key) ?? { acknowledged: null, attempted: new Set() };
    this.#known.set(key, expectation);
    expectation.attempted.add(value);
    const path = `/api/v1/secrets/${key}`;
    const { status, text } =
      value === null
        ? await life.api('DELETE', path)
        : await life.api('PUT', path, { body: { value } });
    // Two writers never share a key, so only one that is not there can be missed.
    expectOneOf(status, value === null ? [204, 404] : [204], text);
    expectation.acknowledged = value;
    expectation.attempted.clear();
  }

  /** Every key holds what was acknowledged last, or what was sent later and not answered. */
  async check(): Promise<void> {
    const stored = await storedValues(this.service.dataDir, this.masterKey);
    const { body } = await this.service.api('GET', '/api/v1/secrets');
    expectSame([...(body.keys as string[])].sort(), [...stored.keys()].sort(), 'keys');
    for (const [key, { acknowledged, attempted }] of this.#known) {
      const value = stored.get(key) ?? null;
      expectOneOf(value, [acknowledged, ...attempted], `${key} holds`);
      this.#known.set(key, { acknowledged: value, attempted: new Set() });
    }
  }
}
