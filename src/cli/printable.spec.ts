import { Writable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { Cli } from './cli.js';
import { CliError } from './cli-error.js';
import { EXIT } from './exit-codes.js';
import { printable } from './printable.js';
import { textTable } from './text-table.js';

const TITLE = '\u001B]0;owned\u0007';

describe('printable', () => {
  it('shows what a terminal would obey, and leaves text, line ends and tabulators alone', () => {
    expect(printable(`a${TITLE}b`)).toBe('a\\x1b]0;owned\\x07b');
    expect(printable('\r\u007f\u009b2J\u202e')).toBe('\\x0d\\x7f\\x9b2J\\u202e');
    expect(printable('grün\tè ✓ 😀\nnext')).toBe('grün\tè ✓ 😀\nnext');
  });

  it('stands before every text of the command line, errors too', () => {
    let written = '';
    const sink = () =>
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          written += chunk.toString();
          done();
        },
      });
    const cli = new Cli({
      stdin: process.stdin,
      stdout: sink(),
      stderr: sink(),
      environment: {},
      signals: process,
      leave: () => undefined,
    });
    cli.print({}, `one ${TITLE}`);
    cli.note(`two ${TITLE}`);
    const details = [{ field: TITLE, message: TITLE }];
    cli.fail(new CliError(EXIT.refused, TITLE, { hint: TITLE, details }));
    expect(written).toContain('one \\x1b]');
    expect(written).not.toContain('\u001B');
    cli.json = true;
    cli.print({ text: TITLE }, '');
    expect(written).not.toContain('\u001B');
  });

  it('keeps a cell of a table on its line', () => {
    expect(textTable(['A', 'B'], [['x\ny', 'z']])).toBe('A     B\nx\\ny  z');
  });
});
