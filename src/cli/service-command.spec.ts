import { Writable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { Cli } from './cli.js';
import { serviceCommand, serviceOf } from './service-command.js';

function notesFor(url: string): string {
  let notes = '';
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      notes += chunk.toString();
      done();
    },
  });
  const cli = new Cli({
    stdin: process.stdin,
    stdout: stderr,
    stderr,
    environment: { RISOLUTO_WRITE_TOKEN: 't'.repeat(32) },
    signals: process,
    leave: () => undefined,
  });
  serviceOf(cli, serviceCommand('x').parse(['--url', url], { from: 'user' }));
  return notes;
}

describe('serviceOf', () => {
  it.each(['http://127.evil.example', 'http://localhost.example:4000', 'http://10.0.0.1'])(
    'warns of a token that leaves this machine unencrypted: %s',
    (url) => {
      expect(notesFor(url)).toContain('unencrypted');
    },
  );

  it.each(['http://127.0.0.1:4000', 'http://[::1]:4000', 'http://localhost', 'https://a.example'])(
    'says nothing of %s',
    (url) => {
      expect(notesFor(url)).toBe('');
    },
  );
});
