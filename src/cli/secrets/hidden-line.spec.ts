import { describe, expect, it } from 'vitest';

import { HiddenLine } from './hidden-line.js';

function typed(...chunks: string[]): [string, string] {
  const line = new HiddenLine();
  for (const chunk of chunks) line.feed(Buffer.from(chunk));
  return [line.state, line.bytes.toString()];
}

describe('HiddenLine', () => {
  it('is whole at the end of the line', () => {
    expect(typed('hun', 'ter2')).toEqual(['typing', 'hunter2']);
    expect(typed('hunter2\r')).toEqual(['done', 'hunter2']);
    expect(typed('hunter2\n')).toEqual(['done', 'hunter2']);
    expect(typed('hunter2\x04')).toEqual(['done', 'hunter2']);
  });

  it('takes back characters, not bytes, and all of them', () => {
    expect(typed('aé€\x7f\r')).toEqual(['done', 'aé']);
    expect(typed('aé€\x7f\x7f\b\x7fb\r')).toEqual(['done', 'b']);
    expect(typed('wrong\x15right\r')).toEqual(['done', 'right']);
  });

  it('is given up by Ctrl-C, and by Ctrl-D before a character', () => {
    expect(typed('abc\x03def\r')[0]).toBe('cancelled');
    expect(typed('\x04')[0]).toBe('cancelled');
  });

  it('is spoilt by more lines, in one piece or later', () => {
    expect(typed('one\rtwo\r')[0]).toBe('several_lines');
    expect(typed('one\r', 'two')[0]).toBe('several_lines');
  });

  it('is spoilt by keys that are no characters', () => {
    expect(typed('abc\x1b[D\r')[0]).toBe('control_character');
    expect(typed('abc\tdef\r')[0]).toBe('control_character');
    expect(typed('\x1a')[0]).toBe('control_character');
  });
});
