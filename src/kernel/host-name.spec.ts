import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hostText, parseAuthority, parseHost } from './host-name.js';

const text = (host: string) => parseHost(host)?.text ?? null;

describe('a host', () => {
  it.each([
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['example。com', 'example.com'],
    ['_dmarc.example.com', '_dmarc.example.com'],
    ['localhost', 'localhost'],
  ])('has one spelling: %s is %s', (written, spelled) => {
    expect(parseHost(written)).toEqual({ kind: 'name', text: spelled });
  });

  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '0177.0.0.01',
    '127.0.0.1.',
  ])('is an address in any notation: %s', (written) => {
    expect(parseHost(written)).toEqual({ kind: 'ipv4', text: '127.0.0.1' });
  });

  it('is an IPv6 address in brackets only, spelled as RFC 5952 does', () => {
    expect(parseHost('[0:0:0:0:0:FFFF:a9fe:a9fe]')).toEqual({
      kind: 'ipv6',
      text: '::ffff:a9fe:a9fe',
    });
    expect(parseHost('[::ffff:169.254.169.254]')).toEqual({
      kind: 'ipv6',
      text: '::ffff:a9fe:a9fe',
    });
    expect(parseHost('::1')).toBeNull();
    expect(parseHost('[fe80::1%25eth0]')).toBeNull();
    expect(parseHost('[::1')).toBeNull();
  });

  it.each([
    '',
    '.',
    'example..com',
    'example.com..',
    '.example.com',
    'exa mple.com',
    'example.com\0.evil.com',
    'example.com\r\nHost: evil.com',
    'user@example.com',
    'example.com/evil',
    'example.com\\evil',
    'ex%61mple.com',
    'example.com#',
    'example.com?x',
    '1.2.3.4.5',
    '1.2.3.256',
    'a'.repeat(64) + '.com',
    `${'a.'.repeat(130)}com`,
  ])('is not %j', (written) => {
    expect(parseHost(written)).toBeNull();
  });

  it('stays as it is once it is spelled so', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.string(), fc.webAuthority()), (written) => {
        const host = parseHost(written);
        fc.pre(host !== null);
        expect(parseHost(hostText(host))).toEqual(host);
      }),
    );
  });

  it('of any text is null or free of what another parser could read otherwise', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (written) => {
        const spelled = text(written);
        expect(spelled === null || /^[a-z0-9._:-]+$/.test(spelled)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('an authority', () => {
  it.each([
    ['example.com:443', 'example.com', 443],
    ['example.com', 'example.com', null],
    ['[2001:DB8::1]:8443', '2001:db8::1', 8443],
  ])('%s has a host and a port', (written, host, port) => {
    const authority = parseAuthority(written);
    expect([authority?.host.text, authority?.port]).toEqual([host, port]);
  });

  it.each([
    'example.com:',
    'example.com:0',
    'example.com:65536',
    'example.com:443:80',
    ':443',
    'a:+1',
    'a: 1',
    '2001:db8::1:443',
  ])('is not %s', (written) => {
    expect(parseAuthority(written)).toBeNull();
  });
});
