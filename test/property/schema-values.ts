import type { ApiSurface, Schema } from './api-surface.js';
import type { Dice } from './dice.js';
import { CANARY, ENVIRONMENT_CANARY, RUN, oddText, oddValue } from './odd-values.js';

/** What a name asks for, where its schema says only that it is text. */
const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  key: ['FUZZ', 'A', 'B_1', 'a.b:c-d', 'k'.repeat(128)],
  id: [RUN, RUN, RUN, '01J00000000000000000000000'],
  issue: ['MT-1', 'MT-2', 'a', 'A.b_c-1'],
  cursor: ['WyIwMUowMDAwMDAwMDAwMDAwMDAwMDAwMDAwMCJd', 'WzFd', 'e30', '!!'],
  image: ['risoluto-sandbox:latest'],
  from: ['2026-01-01T00:00:00Z', '2026-01-01'],
  to: ['2099-01-01T00:00:00.000Z'],
  'idempotency-key': ['a', 'b', 'c'],
  'last-event-id': ['0', '1', '17'],
};

/** Values that a schema allows, or nearly: what a field means beyond its schema is left to luck. */
export class SchemaValues {
  constructor(
    private readonly surface: ApiSurface,
    private readonly dice: Dice,
  ) {}

  of(given: Schema, name = '', depth = 0): unknown {
    const { dice } = this;
    const schema = this.surface.resolve(given);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return dice.pick(schema.enum);
    if (schema.example !== undefined && dice.chance(0.4)) return schema.example;
    const choice = schema.oneOf ?? schema.anyOf;
    if (choice !== undefined) return this.of(dice.pick(choice), name, depth + 1);
    if (schema.allOf !== undefined) {
      return Object.assign({}, ...schema.allOf.map((one) => this.of(one, name, depth + 1)));
    }
    const type = Array.isArray(schema.type) ? dice.pick(schema.type) : schema.type;
    switch (type) {
      case 'string':
        return this.#text(name);
      case 'integer':
      case 'number':
        return this.#number(schema, type);
      case 'boolean':
        return dice.chance(0.5);
      case 'null':
        return null;
      case 'array':
        return this.#array(schema, name, depth);
      case 'object':
        return this.#object(schema, depth);
      default:
        return oddValue(dice);
    }
  }

  #text(name: string): string {
    const known = BY_NAME[name.toLowerCase()];
    if (known !== undefined && this.dice.chance(0.8)) return this.dice.pick(known);
    if (name === 'value') return `${CANARY}-${this.dice.below(1000)}`;
    return this.dice.chance(0.7)
      ? this.dice.pick(['a', 'FUZZ', 'echo', 'true'])
      : oddText(this.dice);
  }

  #number({ minimum = 0, maximum = 100 }: Schema, type: string): number {
    const { dice } = this;
    if (dice.chance(0.2)) return dice.pick([minimum, maximum]);
    const number = minimum + dice.next() * (Math.min(maximum, minimum + 1000) - minimum);
    return type === 'integer' || dice.chance(0.9) ? Math.floor(number) : number;
  }

  #array({ items, minItems = 0 }: Schema, name: string, depth: number): unknown[] {
    const length = minItems + this.dice.below(3);
    return Array.from({ length }, () => this.of(items ?? {}, name, depth + 1));
  }

  #object(
    { properties = {}, required = [], additionalProperties }: Schema,
    depth: number,
  ): unknown {
    const { dice } = this;
    const value: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(properties)) {
      if (!required.includes(name) && !dice.chance(depth > 3 ? 0.1 : 0.25)) continue;
      const inner = this.of(schema, name, depth + 1);
      value[name] = name === 'env' ? { ...(inner as object), SAFE: ENVIRONMENT_CANARY } : inner;
    }
    if (typeof additionalProperties === 'object' && dice.chance(0.7)) {
      value[dice.pick(['A', 'CI', 'NPM_TOKEN'])] = this.of(additionalProperties, '', depth + 1);
    }
    return value;
  }
}
