import { describe, expect, it } from 'vitest';

import type { ChainHead } from './audit-row.js';
import { MOST_ROWS_PER_GROUP, judgeAnchor, judgeHead } from './trail-state.js';

const head = (seq: number, hash = `h${seq}`): ChainHead => ({ seq, hash });
const kept = (at: ChainHead) => ({ state: 'kept', head: at }) as const;

describe('judgeAnchor', () => {
  it.each([
    ['level', kept(head(5)), head(5), 'h5', null],
    [
      'one group behind, as after a crash',
      kept(head(5)),
      head(5 + MOST_ROWS_PER_GROUP),
      'h5',
      null,
    ],
    [
      'further behind than a crash leaves',
      kept(head(5)),
      head(6 + MOST_ROWS_PER_GROUP),
      'h5',
      'anchor_rolled_back',
    ],
    ['ahead of the table', kept(head(5)), head(4), null, 'cut_from_end'],
    ['ahead of an empty table', kept(head(5)), head(0), null, 'cut_from_end'],
    ['of another chain', kept(head(5)), head(9), 'other', 'anchor_mismatch'],
    ['of a row that is not there', kept(head(5)), head(9), null, 'anchor_mismatch'],
    ['missing', { state: 'missing' } as const, head(9), null, 'anchor_missing'],
    ['damaged', { state: 'damaged' } as const, head(9), null, 'anchor_damaged'],
  ])('an anchor that is %s', (_what, anchor, table, hash, reason) => {
    expect(judgeAnchor(anchor, table, hash)).toBe(reason);
  });
});

describe('judgeHead', () => {
  it.each([
    ['what was committed last', head(5), null],
    ['what a COMMIT of unknown end wrote', head(7), null],
    ['an earlier row', head(4), 'cut_from_end'],
    ['a later row', head(8), 'inserted'],
    ['another row of that number', head(7, 'x'), 'edited'],
  ])('a table that ends with %s', (_what, found, reason) => {
    expect(judgeHead([head(5), head(7)], found)).toBe(reason);
  });
});
