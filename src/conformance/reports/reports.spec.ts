import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Verdict } from '../finding.js';
import type { SuiteReport } from '../suite.js';
import { junitXml } from './junit.js';
import { tableText } from './table.js';

const VERDICTS: Verdict[] = ['pass', 'warn', 'fail', 'inconclusive', 'not_applicable'];

function report(detail: string): SuiteReport {
  return {
    ok: false,
    url: 'http://127.0.0.1:4000',
    startedAt: '2026-11-26T18:00:00.000Z',
    durationMs: 1234,
    counts: { pass: 1, warn: 1, fail: 1, inconclusive: 1, not_applicable: 1 },
    probes: VERDICTS.map((verdict, n) => ({
      id: `P${n}`,
      title: `title ${n}`,
      group: n < 3 ? 'privilege' : 'network',
      verdict,
      detail,
      remedy: verdict === 'warn' ? 'mend it' : null,
      durationMs: 10,
    })),
  };
}

const options = { colour: false, width: 60, printable: (text: string) => text };

describe('the table', () => {
  it('has a line for each probe, its detail below, and the sum', () => {
    expect(tableText(report('seen'), options).split('\n')).toEqual([
      'PRIVILEGE',
      '  P0   pass          title 0',
      '                     seen',
      '  P1   warn          title 1',
      '                     seen',
      '                     To mend: mend it',
      '  P2   FAIL          title 2',
      '                     seen',
      '',
      'NETWORK',
      '  P3   INCONCLUSIVE  title 3',
      '                     seen',
      '  P4   n/a           title 4',
      '                     seen',
      '',
      '1 failed, 1 inconclusive, 1 warned, 1 passed, 1 not applicable',
    ]);
  });

  it('loses no word to the width, and has colours where they are asked for', () => {
    const text = tableText(report('word '.repeat(40).trim()), options);
    expect(text.match(/word/g)).toHaveLength(200);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(62);
    expect(tableText(report('x'), { ...options, colour: true })).toContain('\u001B[31mFAIL');
  });
});

describe('the XML', () => {
  it('tells each verdict in JUnit’s own way', () => {
    const xml = junitXml(report('a < b & "c"'));
    expect(xml).toContain('tests="5" failures="1" errors="1" skipped="1" time="1.234"');
    const elements = [...xml.matchAll(/<testcase [^>]*><([a-z-]+)/g)].map(([, name]) => name);
    expect(elements).toEqual(['system-out', 'system-out', 'failure', 'error', 'skipped']);
    expect(xml).toContain('<failure message="a &lt; b &amp; &quot;c&quot;">');
    expect(xml).toContain('warning: a &lt;');
  });

  it('is well-formed, whatever is in a detail', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (detail) => {
        const xml = junitXml(report(detail));
        expect(xml.match(/</g)).toHaveLength(1 + 4 + 5 * 2 + 4 * 2 + 1);
        for (const character of xml) {
          const code = character.codePointAt(0) ?? 0;
          expect(code >= 0x20 || code === 0x0a).toBe(true);
          expect(code >= 0xd800 && code <= 0xdfff).toBe(false);
        }
        expect(xml).not.toMatch(/&(?!(amp|lt|gt|quot|#10|#13|#9);)/);
      }),
    );
  });
});
