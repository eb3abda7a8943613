import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  ENCRYPTED_CLIENT_HELLO,
  extension,
  helloBody,
  inRecords,
  nodeHello,
  serverName,
  vector,
} from '../../../test/support/gateway/hello-bytes.js';
import { parseClientHello } from './client-hello.js';
import {
  ClientHelloReader,
  LONGEST_HELLO_BYTES,
  MOST_HELLO_RECORDS,
  type HelloState,
} from './client-hello-reader.js';

const GREASE = extension(0x0a_0a, Buffer.alloc(0));
const ALPN = extension(16, vector(2, vector(1, Buffer.from('h2'))));

function read(bytes: Buffer, ...cuts: number[]): HelloState {
  const reader = new ClientHelloReader();
  let state: HelloState = { kind: 'incomplete' };
  const places = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
  let from = 0;
  for (const to of places) {
    state = reader.feed(bytes.subarray(from, to));
    from = to;
  }
  return state;
}

const named = (name: string | null): HelloState => ({
  kind: 'hello',
  serverName: name,
  encrypted: false,
});

describe('the ClientHello of Node’s own client', () => {
  it('tells the server name, or that there is none', async () => {
    expect(read(await nodeHello({ servername: 'Example.com' }))).toEqual(named('Example.com'));
    expect(read(await nodeHello({}))).toEqual(named(null));
    const old = await nodeHello({ servername: 'old.example', maxVersion: 'TLSv1.2' });
    expect(read(old)).toEqual(named('old.example'));
    const alpn = await nodeHello({ servername: 'h2.example', ALPNProtocols: ['h2', 'http/1.1'] });
    expect(read(alpn)).toEqual(named('h2.example'));
  });

  it('tells it after the last byte and not before', async () => {
    const hello = await nodeHello({ servername: 'example.com' });
    for (let length = 0; length < hello.length; length += 1) {
      expect(read(hello.subarray(0, length)).kind).toBe('incomplete');
    }
    expect(read(hello, ...hello.keys())).toEqual(named('example.com'));
  });
});

describe('a ClientHello', () => {
  const extensions = [GREASE, serverName('a.example'), ALPN];

  it('says the same in any segments and any records', () => {
    const hello = helloBody(extensions);
    const sizes = fc.array(fc.integer({ min: 1, max: hello.length }), {
      maxLength: MOST_HELLO_RECORDS - 1,
    });
    const cuts = fc.array(fc.nat({ max: hello.length * 2 }));
    fc.assert(
      fc.property(sizes, cuts, (lengths, places) => {
        expect(read(inRecords(hello, lengths), ...places)).toEqual(named('a.example'));
      }),
      { numRuns: 1000 },
    );
  });

  it('may be followed by other records, which are no part of it', () => {
    const early = Buffer.from([20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 2, 9, 9]);
    expect(read(Buffer.concat([inRecords(helloBody(extensions)), early]))).toEqual(
      named('a.example'),
    );
  });

  it('names nobody without the extension, or without extensions', () => {
    expect(read(inRecords(helloBody([ALPN])))).toEqual(named(null));
    expect(read(inRecords(helloBody([])))).toEqual(named(null));
    expect(read(inRecords(helloBody(null)))).toEqual(named(null));
  });

  it.each([0xff_ce, 0xfe_08, 0xfe_09, 0xfe_0a, ENCRYPTED_CLIENT_HELLO])(
    'is encrypted with extension %i, beside a name and without',
    (type) => {
      const encrypted = extension(type, Buffer.alloc(40));
      expect(read(inRecords(helloBody([...extensions, encrypted])))).toEqual({
        ...named('a.example'),
        encrypted: true,
      });
      expect(read(inRecords(helloBody([encrypted])))).toEqual({ ...named(null), encrypted: true });
    },
  );
});

describe('what is no ClientHello', () => {
  const body = helloBody([serverName('a.example')]);

  const names: readonly [string, Buffer][] = [
    ['two server name extensions', Buffer.concat([serverName('a.b'), serverName('a.b')])],
    ['two names', serverName('a.example', 'b.example')],
    ['a name of another type', serverName([1, 'a.example'])],
    ['a second name of another type', serverName('a.example', [1, 'b.example'])],
    ['no name in the list', serverName()],
    ['an empty name', serverName('')],
    ['NUL', serverName('a.example\0.b.example')],
    ['a space', serverName('a. example')],
    ['bytes beyond ASCII', serverName('ä.example')],
    ['a colon', serverName('a.example:443')],
    ['a name of 255 bytes', serverName('a'.repeat(255))],
    ['an empty extension', extension(0, Buffer.alloc(0))],
    ['bytes after the list', extension(0, Buffer.concat([serverName('a.b').subarray(4), body]))],
    ['two of another extension', Buffer.concat([serverName('a.example'), ALPN, ALPN])],
  ];
  it.each(names)('%s', (_what, extensions) => {
    expect(read(inRecords(helloBody([extensions])))).toEqual({ kind: 'not-tls' });
  });

  const streams: readonly [string, Buffer][] = [
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['SSH', Buffer.from('SSH-2.0-x\r\n')],
    ['SSL 2', Buffer.from([0x80, 0x2e, 1, 3, 1, 0, 0x15])],
    ['another version', Buffer.from([22, 2, 0])],
    ['a version that is not yet', Buffer.from([22, 3, 5])],
    ['an alert', Buffer.from([21, 3, 1, 0, 2, 2, 40])],
    ['a record of no length', Buffer.from([22, 3, 1, 0, 0])],
    ['a record too long', Buffer.from([22, 3, 1, 0x40, 1])],
    ['a ServerHello', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
    [
      'an alert between records',
      Buffer.concat([inRecords(body, [9]).subarray(0, 14), Buffer.from([21])]),
    ],
    [
      'more in the last record',
      Buffer.concat([Buffer.from([22, 3, 1]), vector(2, messageAnd(body, 1))]),
    ],
    ['a hello that says it is longer', Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0])],
  ];
  it.each(streams)('%s', (_what, bytes) => {
    expect(read(bytes)).toEqual({ kind: 'not-tls' });
    expect(read(bytes, ...bytes.keys())).toEqual({ kind: 'not-tls' });
  });

  it('a hello that is too long, or in too many records', () => {
    const padding = (length: number) => extension(21, Buffer.alloc(length));
    const spare = LONGEST_HELLO_BYTES - 4 - helloBody([serverName('a.b'), padding(0)]).length;
    const longest = helloBody([serverName('a.b'), padding(spare)]);
    const longer = helloBody([serverName('a.b'), padding(spare + 1)]);
    expect(read(inRecords(longest, [100]))).toEqual(named('a.b'));
    expect(read(inRecords(longer, [100]))).toEqual({ kind: 'not-tls' });
    const ones = Array.from({ length: MOST_HELLO_RECORDS }, () => 1);
    expect(read(inRecords(body, ones.slice(1)))).toEqual(named('a.example'));
    expect(read(inRecords(body, ones))).toEqual({ kind: 'not-tls' });
  });

  it('one with a length that does not fit, wherever it stands', () => {
    expect(parseClientHello(body)?.serverName).toBe('a.example');
    for (let length = 0; length < body.length; length += 1) {
      // A hello may end before its extensions.
      if (length === helloBody(null).length) continue;
      expect([length, parseClientHello(body.subarray(0, length))]).toEqual([length, null]);
    }
    expect(parseClientHello(Buffer.concat([body, Buffer.from([0])]))).toBeNull();
  });
});

function messageAnd(body: Buffer, more: number): Buffer {
  return Buffer.concat([Buffer.from([1]), vector(3, body), Buffer.alloc(more)]);
}
