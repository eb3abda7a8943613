import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Subject } from './bench/subject.js';
import { judge, type InsideProbe } from './inside-probe.js';
import type { Answer } from './inside/batch-script.js';
import { clientHello, isServerHello } from './inside/client-hello.js';
import { dnsQuery, isDnsAnswer } from './inside/dns-query.js';
import type { Reach } from './inside/reach-script.js';
import { judgeGateway } from './shared/gateway-probe.js';
import { parseListening } from './shared/listening-ports.js';
import { judgeReach } from './shared/reach-probe.js';

const SUBJECT = {} as Subject;
const said = (output: string, exitCode: number | null = 0): Answer => ({ output, exitCode });
const probe: InsideProbe = {
  id: 'X1',
  title: 'x',
  group: 'privilege',
  script: () => '',
  problems: ({ door }) => (door === 'shut' ? [] : [`the door is ${door}`]),
  seen: () => 'shut',
};

describe('a probe from inside', () => {
  const verdict = (sandbox: Answer, control: Answer | { why: string }, spec = probe) =>
    judge(spec, { sandbox, control, subject: SUBJECT }).verdict;

  it.each([
    ['shut', 'open', 'pass'],
    ['open', 'open', 'fail'],
    ['open', 'shut', 'fail'],
    ['shut', 'shut', 'inconclusive'],
  ])('%s inside and %s without the controls is %s', (inside, outside, wanted) => {
    expect(verdict(said(`door ${inside}`), said(`door ${outside}`))).toBe(wanted);
  });

  it('never passes without a control, nor what did not come to its end', () => {
    expect(verdict(said('door shut'), { why: 'no socket' })).toBe('not_applicable');
    expect(verdict(said('door open'), { why: 'no socket' })).toBe('fail');
    expect(verdict(said('door shut', null), said('door open'))).toBe('inconclusive');
    expect(verdict(said('missing perl'), said('door open'))).toBe('not_applicable');
    expect(verdict(said('door shut'), said('missing mount'))).toBe('not_applicable');
    fc.assert(
      fc.property(fc.string(), fc.string(), (inside, outside) => {
        const passes = verdict(said(inside), said(outside)) === 'pass';
        if (passes) expect(outside).not.toMatch(/^door shut$/m);
      }),
    );
  });

  it('tells of what is known as a warning, but no failure as one', () => {
    const known = { what: 'a gap', remedy: 'mend' };
    const gaps = {
      ...probe,
      problems: ({ door }: Record<string, string>) => [known, ...(door === 'shut' ? [] : ['open'])],
    };
    expect(
      judge(gaps, { sandbox: said('door shut'), control: said('door open'), subject: SUBJECT }),
    ).toEqual({
      verdict: 'warn',
      detail: 'a gap',
      remedy: 'mend',
    });
    expect(verdict(said('door open'), said('door open'), gaps)).toBe('fail');
  });
});

describe('a probe of the network', () => {
  const tries: Reach[] = [
    { name: 'a', protocol: 'tcp', host: '1.1.1.1', port: 80 },
    { name: 'b', protocol: 'udp', host: '1.1.1.1', port: 53 },
  ];
  const closed = said('try:a silent\ntry:b unreachable');
  const open = said('try:a open \ntry:b open 6869');
  const verdict = (
    sandboxes: Answer[],
    control: Answer | { why: string },
    outside: string[] = [],
  ) => judgeReach({}, { tries, sandboxes, control, outside }).verdict;

  it('passes where nothing is reached that can be reached', () => {
    expect(verdict([closed, closed], open)).toBe('pass');
    expect(verdict([closed], closed)).toBe('inconclusive');
    expect(verdict([closed], { why: 'no socket' })).toBe('not_applicable');
    expect(verdict([said('try:a silent')], open)).toBe('inconclusive');
    expect(verdict([said('missing perl')], open)).toBe('not_applicable');
  });

  it('fails when one sandbox reaches one thing, is refused by somebody, or is heard', () => {
    expect(verdict([closed, open], open)).toBe('fail');
    expect(verdict([said('try:a refused\ntry:b silent')], open)).toBe('fail');
    expect(verdict([closed], open, ['heard'])).toBe('fail');
    expect(verdict([open], { why: 'no socket' })).toBe('fail');
  });
});

describe('a probe of the gateway', () => {
  const answer = (status: number) => Buffer.from(`HTTP/1.1 ${status} X\r\n\r\n`).toString('hex');
  const tries = { refused: { evil: ['x'] }, allowed: { good: ['y'] } };
  const verdict = (found: Record<string, string>) => judgeGateway({}, tries, found).verdict;

  it.each([
    [403, 200, 'pass'],
    [200, 200, 'fail'],
    [502, 200, 'fail'],
    [403, 403, 'inconclusive'],
  ])('%i for what is to be refused and %i for what is not: %s', (bad, good, wanted) => {
    const found = { 'try:refused0': `open ${answer(bad)}`, 'try:allowed0': `open ${answer(good)}` };
    expect(verdict(found)).toBe(wanted);
  });

  it('proves nothing by a try that is not told of', () => {
    expect(verdict({ 'try:allowed0': `open ${answer(200)}` })).toBe('inconclusive');
    expect(verdict({ missing: 'perl or python3' })).toBe('not_applicable');
  });
});

describe('what is sent and heard', () => {
  it('a query is one, and an answer is told from a query, a failure and noise', () => {
    const query = dnsQuery('a.example.com', 'TXT');
    expect(query).toContain('\x01a\x07example\x03com\0\0\x10\0\x01');
    expect(isDnsAnswer(query)).toBe(false);
    const withFlags = (flags: string) => `${query.slice(0, 2)}${flags}${query.slice(4)}`;
    expect(isDnsAnswer(withFlags('\x81\x80'))).toBe(true);
    expect(isDnsAnswer(withFlags('\x81\x83'))).toBe(true);
    expect(isDnsAnswer(withFlags('\x81\x82'))).toBe(false);
    fc.assert(
      fc.property(fc.string({ maxLength: 11 }), (text) => {
        expect(isDnsAnswer(text)).toBe(false);
      }),
    );
  });

  it('a hello has its lengths right', () => {
    fc.assert(
      fc.property(fc.domain(), fc.boolean(), (name, encrypted) => {
        const hello = Buffer.from(clientHello(name, encrypted), 'latin1');
        expect(hello.readUInt16BE(3)).toBe(hello.length - 5);
        expect(hello.readUIntBE(6, 3)).toBe(hello.length - 9);
        expect(hello.includes(name)).toBe(true);
      }),
    );
    expect(isServerHello(clientHello(null))).toBe(false);
    expect(isServerHello('\x16\x03\x03\0\x51\x02')).toBe(true);
  });

  it('ports that listen are read, but those of loopback', () => {
    const line = (local: string, state: string) => `   0: ${local} 00000000:0000 ${state} 0:0`;
    const text = [
      '  sl  local',
      line('00000000:0016', '0A'),
      line('0100007F:0FA0', '0A'),
      line('0200000A:1F90', '0A'),
      line('00000000:0017', '01'),
      '',
    ].join('\n');
    expect(parseListening(text)).toEqual([
      { address: null, port: 22 },
      { address: '10.0.0.2', port: 8080 },
    ]);
  });
});
