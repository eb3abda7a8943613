import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { serviceAddress, type ServiceOptions } from './service-address.js';

const directory = mkdtempSync(join(tmpdir(), 'risoluto-address-'));
afterAll(() => rmSync(directory, { recursive: true }));

function addressOf(options: ServiceOptions, environment: Record<string, string> = {}) {
  return serviceAddress(options, (name) => environment[name] || undefined);
}

describe('where the service is', () => {
  it('is said by the option, the environment, the port or nobody, in that order', () => {
    const environment = { RISOLUTO_URL: 'http://env:1', RISOLUTO_PORT: '2' };
    expect(addressOf({ url: 'https://option/path/' }, environment).url).toBe('https://option/path');
    expect(addressOf({}, environment).url).toBe('http://env:1');
    expect(addressOf({}, { RISOLUTO_PORT: '2' }).url).toBe('http://127.0.0.1:2');
    expect(addressOf({}).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it.each(['nowhere', 'ftp://host', 'http://host/?q=1', 'http://user:pass-word@host'])(
    'refuses %s without repeating a password',
    (url) => {
      expect(() => addressOf({ url })).toThrow(/^--url: (?!.*pass-word)/);
    },
  );
});

describe('the tokens', () => {
  it('shows the lesser right where it is enough', () => {
    expect(addressOf({}, { RISOLUTO_WRITE_TOKEN: 'w' })).toMatchObject({
      writeToken: 'w',
      readToken: 'w',
    });
    expect(addressOf({}, { RISOLUTO_WRITE_TOKEN: 'w', RISOLUTO_READ_TOKEN: 'r' })).toMatchObject({
      writeToken: 'w',
      readToken: 'r',
    });
  });

  it('come from a file instead, without its last newline', () => {
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, 'f\n');
    expect(addressOf({ tokenFile }, { RISOLUTO_WRITE_TOKEN: 'w' })).toMatchObject({
      writeToken: 'f',
      readToken: 'f',
    });
  });

  it('are never repeated when they are wrong', () => {
    const wrong = 'has spaces';
    expect(() => addressOf({}, { RISOLUTO_READ_TOKEN: wrong })).toThrow(
      /^RISOLUTO_READ_TOKEN: (?!.*has spaces)/,
    );
    const tokenFile = join(directory, 'wrong');
    writeFileSync(tokenFile, wrong);
    expect(() => addressOf({ tokenFile })).toThrow(/^--token-file: (?!.*has spaces)/);
  });
});
