import fc from 'fast-check';

export interface Edit {
  /** Of the length, so that it fits bytes of any. */
  readonly at: number;
  readonly kind: 'set' | 'insert' | 'delete' | 'double';
  readonly bytes: Uint8Array;
}

/** Up to so many; what is set or inserted is one of `likely` in half of the cases. */
export function edits(most: number, likely: readonly Uint8Array[]): fc.Arbitrary<Edit[]> {
  const bytes = fc.oneof(fc.constantFrom(...likely), fc.uint8Array({ minLength: 1, maxLength: 4 }));
  const kind = fc.constantFrom('set', 'insert', 'delete', 'double');
  const at = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  return fc.array(fc.record({ at, kind, bytes }), { maxLength: most });
}

export function edited(original: Buffer, list: readonly Edit[]): Buffer {
  return list.reduce((bytes, { at, kind, bytes: other }) => {
    const place = Math.floor(at * (bytes.length + 1));
    const head = bytes.subarray(0, place);
    const hit = bytes.subarray(place, place + other.length);
    const tail = bytes.subarray(place + other.length);
    const middle = {
      set: [other],
      insert: [other, hit],
      delete: [],
      double: [hit, hit],
    }[kind];
    return Buffer.concat([head, ...middle, tail]);
  }, original);
}
