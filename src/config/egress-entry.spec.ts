import { describe, expect, it } from 'vitest';

import { parseEgressEntry } from './egress-entry.js';

function textOf(written: string): string {
  const entry = parseEgressEntry(written);
  return 'problem' in entry ? `refused: ${entry.problem}` : entry.text;
}

describe('an entry of an allowlist', () => {
  it.each([
    ['API.Example.com', 'api.example.com'],
    ['*.Example.com.', '*.example.com'],
    ['example.com:8443', 'example.com:8443'],
    ['*.example.com:22', '*.example.com:22'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['203.0.113.7', '203.0.113.7'],
    ['[2001:DB8::1]:443', '[2001:db8::1]:443'],
  ])('%s is kept as %s', (written, kept) => {
    expect(textOf(written)).toBe(kept);
  });

  it.each([
    '*.com',
    '*.co.uk',
    '*.github.io',
    '*.test',
    '*',
    '*.',
    '*.*.example.com',
    'exa*mple.com',
    'https://example.com',
    'example.com/path',
    'user@example.com',
    '*.203.0.113.7',
    '0x7f.1',
    '203.0.113.007',
    'example.com:0',
    'example.com:99999',
    'example.com:https',
    ' example.com',
    '',
  ])('is not %j', (written) => {
    expect(textOf(written)).toMatch(/^refused: must/);
  });
});
