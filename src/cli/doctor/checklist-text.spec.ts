import { describe, expect, it } from 'vitest';

import type { HardeningItem } from '../../hardening/dto/hardening.dto.js';
import { checklistText, repairsText, summaryText } from './checklist-text.js';

const item = (over: Partial<HardeningItem>): HardeningItem => ({
  id: 'swap',
  title: 'Swap',
  status: 'pass',
  detail: 'The host has no swap.',
  remedy: null,
  checked: true,
  checkedAt: '2026-11-23T08:00:00.000Z',
  ...over,
});

const ITEMS = [
  item({}),
  item({ id: 'clock', title: 'The clock', status: 'warn', checked: false, remedy: 'date -u' }),
  item({ id: 'file-modes', title: 'Files', status: 'fail', remedy: 'chmod 0600 a\nchmod 0700 b' }),
];

describe('the checklist as text', () => {
  it('has a symbol, the title and the detail of each item, and the commands below', () => {
    expect(checklistText(ITEMS, { colour: false, width: 100 })).toBe(
      [
        '✓ Swap       The host has no swap.',
        '? The clock  The host has no swap.',
        '✗ Files      The host has no swap.',
        '',
        'To mend:',
        '# clock',
        '  date -u',
        '# file-modes',
        '  chmod 0600 a',
        '  chmod 0700 b',
        '',
        '1 fail, 1 warn, 1 pass (1 could not be checked)',
      ].join('\n'),
    );
  });

  it('breaks a long detail below itself, and no word', () => {
    const detail = 'word '.repeat(30).trim();
    const lines = checklistText([item({ detail })], { colour: false, width: 60 }).split('\n');
    expect(lines[1]).toMatch(/^ {8}word/);
    expect(lines.slice(0, 3).join(' ').match(/word/g)).toHaveLength(30);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('has colours only where they are asked for', () => {
    expect(checklistText(ITEMS, { colour: false, width: 80 })).not.toContain('\u001B');
    expect(checklistText(ITEMS, { colour: true, width: 80 })).toContain('\u001B[31m✗\u001B[0m');
  });

  it('counts a list of passes as such', () => {
    expect(summaryText([item({})])).toBe('0 fail, 0 warn, 1 pass');
  });

  it('tells of a repair that had nothing to do', () => {
    expect(repairsText([{ id: 'fence', did: [] }])).toBe('fence: nothing to do');
    expect(repairsText([{ id: 'a', did: ['x', 'y'] }])).toBe('a: x\na: y');
  });
});
