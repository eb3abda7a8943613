import type { ProbeResult, SuiteReport } from '../suite.js';

/**
 * The report as JUnit’s XML, as CI services read it: a test case a probe, `skipped` for what is not
 * applicable, `failure` for a failure and `error` for what is inconclusive; a warning is a case that
 * passed and says so in `system-out`. Pure.
 */
export function junitXml({ probes, startedAt, durationMs, url }: SuiteReport): string {
  const count = (verdict: string) => probes.filter((probe) => probe.verdict === verdict).length;
  const attributes = attributesOf({
    name: 'risoluto conformance',
    tests: probes.length,
    failures: count('fail'),
    errors: count('inconclusive'),
    skipped: count('not_applicable'),
    time: seconds(durationMs),
    timestamp: startedAt,
    hostname: new URL(url).hostname,
  });
  const cases = probes.map((probe) => `  ${caseOf(probe)}`);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites><testsuite ${attributes}>`,
    ...cases,
    '</testsuite></testsuites>',
    '',
  ].join('\n');
}

function caseOf({ id, title, group, durationMs, ...finding }: ProbeResult): string {
  const attributes = attributesOf({
    classname: `conformance.${group.replaceAll(' ', '-')}`,
    name: `${id} ${title}`,
    time: seconds(durationMs),
  });
  return `<testcase ${attributes}>${bodyOf(finding)}</testcase>`;
}

function bodyOf({ verdict, detail, remedy }: Pick<ProbeResult, 'verdict' | 'detail' | 'remedy'>) {
  const text = escaped(remedy === null ? detail : `${detail}\n${remedy}`);
  const message = attributesOf({ message: detail });
  switch (verdict) {
    case 'not_applicable':
      return `<skipped ${message}/>`;
    case 'fail':
      return `<failure ${message}>${text}</failure>`;
    case 'inconclusive':
      return `<error ${message}>${text}</error>`;
    case 'warn':
      return `<system-out>warning: ${text}</system-out>`;
    case 'pass':
      return `<system-out>${text}</system-out>`;
  }
}

function attributesOf(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(' ');
}

function escaped(text: string): string {
  return Array.from(text, writable)
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** XML 1.0 has no way to write the others (`Char`, section 2.2). */
function writable(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const fine =
    code < 0x20
      ? [0x09, 0x0a, 0x0d].includes(code)
      : code < 0xd800 || (code > 0xdfff && code !== 0xfffe && code !== 0xffff);
  return fine ? character : '\uFFFD';
}
