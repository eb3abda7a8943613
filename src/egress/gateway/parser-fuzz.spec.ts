import { duplexPair } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { edited, edits } from '../../../test/support/gateway/byte-edits.js';
import {
  ENCRYPTED_CLIENT_HELLO,
  extension,
  helloBody,
  inRecords,
  serverName,
  vector,
} from '../../../test/support/gateway/hello-bytes.js';
import { TLS_SERVER } from '../../../test/support/gateway/tls-by-key.js';
import { sized } from '../../../test/support/long-form.js';
import { hostText } from '../../kernel/host-name.js';
import { ClientHelloReader, type HelloState } from './client-hello-reader.js';
import { Refusal } from './refusal.js';
import { readConnectTarget, readRequestHead, type RawHead } from './request-head.js';

const NAME = fc.constantFrom(
  'a.test',
  'B.Test.',
  'xn--a',
  'evil.test',
  '',
  'a\0b',
  'ä',
  'a b',
  '1.2.3.4',
);
const GROUPS = extension(10, vector(2, Buffer.from([0, 29])));
const VERSIONS = extension(43, vector(1, Buffer.from([3, 4, 3, 3])));
const EXTENSION = fc.oneof(
  NAME.map((name) => serverName(name)),
  fc.tuple(NAME, NAME).map((names) => serverName(...names)),
  fc.constantFrom(GROUPS, VERSIONS, extension(ENCRYPTED_CLIENT_HELLO, Buffer.alloc(12))),
  fc
    .tuple(fc.nat({ max: 65_535 }), fc.uint8Array({ maxLength: 8 }))
    .map(([type, data]) => extension(type, Buffer.from(data))),
);
const BYTES = [[0], [0, 0], [0, 1], [1], [22, 3, 1], [0xff], [0xff, 0xff], [0xfe, 0x0d]];
const EXTENSIONS = fc.array(EXTENSION, { maxLength: 4 });
const HELLO = helloOf(fc.option(EXTENSIONS), 3);
/** Mostly one that OpenSSL takes: what it refuses compares nothing. */
const PLAUSIBLE_HELLO = helloOf(
  fc
    .tuple(NAME, EXTENSIONS)
    .map(([name, others]) => [serverName(name), GROUPS, VERSIONS, ...others]),
  1,
);

function helloOf(extensions: fc.Arbitrary<Buffer[] | null>, mostEdits: number) {
  return fc
    .tuple(
      extensions,
      fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 }),
      edits(
        mostEdits,
        BYTES.map((bytes) => Uint8Array.from(bytes)),
      ),
    )
    .map(([list, lengths, changes]) => edited(inRecords(helloBody(list), lengths), changes));
}

function read(bytes: Buffer, cut = bytes.length): HelloState {
  const reader = new ClientHelloReader();
  reader.feed(bytes.subarray(0, cut));
  return reader.feed(bytes.subarray(cut));
}

/** The name that OpenSSL reads of the same bytes, where it takes them for a ClientHello with one. */
async function nameByOpenSsl(bytes: Buffer): Promise<string | null> {
  const [client, server] = duplexPair();
  let name: string | null = null;
  const options = { ...TLS_SERVER, secureContext: createSecureContext(TLS_SERVER) };
  const tls = new TLSSocket(server, {
    ...options,
    isServer: true,
    SNICallback: (asked, done) => {
      name = asked;
      done(null);
    },
  });
  tls.on('error', () => undefined);
  client
    .resume()
    .on('error', () => undefined)
    .write(bytes);
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  tls.destroy();
  client.destroy();
  return name;
}

describe('a hello that somebody tampered with', () => {
  it('is read in bounds, and the same however it is cut', () => {
    fc.assert(
      fc.property(HELLO, fc.nat({ max: 400 }), (bytes, cut) => {
        const state = read(bytes);
        if (!isDeepStrictEqual(read(bytes, cut), state)) return false;
        return state.kind !== 'hello' || /^[A-Za-z0-9._-]+$/.test(state.serverName ?? 'a');
      }),
      { numRuns: sized(40_000, 2_000_000) },
    );
  });

  it('never has another name for OpenSSL than it has here', async () => {
    let named = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(HELLO, PLAUSIBLE_HELLO), async (bytes) => {
        const name = await nameByOpenSsl(bytes);
        if (name === null) return;
        named += 1;
        const state = read(bytes);
        expect(state.kind === 'hello' ? state.serverName : name).toBe(name);
      }),
      { numRuns: sized(800, 50_000) },
    );
    expect(named).toBeGreaterThan(20);
  });
});

const PIECE = fc.constantFrom(
  ...[
    'a.test',
    'A.TEST',
    'evil.test',
    '.',
    ':',
    '@',
    '/',
    '\\',
    '%00',
    '%',
    '\0',
    '\r\n',
    ' ',
    '\t',
  ],
  ...[
    '443',
    ':443',
    ':0',
    ':65536',
    '80',
    '[',
    ']',
    '::1',
    '127.1',
    '0x7f',
    '2130706433',
    '。',
    'ß',
  ],
  ...[
    'http://',
    'HTTP://',
    'https://',
    '?',
    '#',
    '*',
    'xn--',
    '\u00ad',
    '\u202e',
    'Ａ',
    '[::ffff:1.2.3.4]',
  ],
);
const TEXT = fc.oneof(
  fc.array(PIECE, { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** What it is read as; `null` where it is refused. Anything else that is thrown fails the test. */
function orRefused<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal);
    return null;
  }
}

describe('an authority that somebody made up', () => {
  it('is refused, or is a host and a port in one spelling', () => {
    fc.assert(
      fc.property(TEXT, (url) => {
        const head: RawHead = { method: 'CONNECT', url, rawHeaders: [], httpVersion: '1.1' };
        const target = orRefused(() => readConnectTarget(head));
        if (target === null) return;
        expect(target.port).toBeGreaterThan(0);
        expect(target.port).toBeLessThan(65_536);
        expect(target.host.text).toMatch(/^[a-z0-9._:-]+$/);
        const again = { ...head, url: `${hostText(target.host)}:${target.port}` };
        expect(readConnectTarget(again)).toEqual(target);
      }),
      { numRuns: sized(40_000, 1_000_000) },
    );
  });
});

const HEADER = fc.tuple(
  fc.constantFrom(
    'Host',
    'host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'TE',
    'X-A',
    'Upgrade',
    'Proxy-X',
    'Proxy-Authorization',
    'Keep-Alive',
  ),
  fc.oneof(
    fc.constantFrom(
      'a.test',
      'a.test:80',
      'evil.test',
      'chunked',
      '5',
      'x-a',
      'host',
      'close, x-a',
      '',
    ),
    fc.string({ maxLength: 8 }),
  ),
);
const OF_ONE_HOP =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|host|expect|proxy-.*)$/i;

describe('a request that somebody made up', () => {
  it('is refused, or is for one target in one reading', () => {
    const heads = fc.record({
      method: fc.constantFrom('GET', 'POST'),
      url: fc.oneof(fc.constantFrom('http://a.test/', 'http://a.test:80/x?y', '/x'), TEXT),
      rawHeaders: fc.array(HEADER, { maxLength: 6 }).map((pairs) => pairs.flat()),
      httpVersion: fc.constantFrom('1.1', '1.1', '1.0', '2.0'),
    });
    const fixed = readConnectTarget({ url: 'a.test:80', rawHeaders: [], httpVersion: '1.1' });
    let taken = 0;
    fc.assert(
      fc.property(heads, fc.boolean(), (head, inTunnel) => {
        const seen = orRefused(() => readRequestHead(head, inTunnel ? fixed : null));
        if (seen === null) return;
        taken += 1;
        expect(seen.path).toMatch(/^[/*][\x21-\x7e]*$/);
        expect(seen.target.host.text).toMatch(/^[a-z0-9._:-]+$/);
        const names = seen.headers.filter((_name, at) => at % 2 === 0);
        expect(names.filter((name) => OF_ONE_HOP.test(name))).toEqual([]);
        const lengths = names.filter((name) => /^content-length$/i.test(name));
        expect(lengths).toHaveLength(seen.framing === 'length' ? 1 : 0);
      }),
      { numRuns: sized(20_000, 1_000_000) },
    );
    expect(taken).toBeGreaterThan(500);
  });
});
