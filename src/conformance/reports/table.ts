import type { Verdict } from '../finding.js';
import { GROUPS } from '../probe.js';
import type { ProbeResult, SuiteReport } from '../suite.js';

export interface TableOptions {
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** Takes from the text of others what moves a terminal’s cursor. */
  readonly printable: (text: string) => string;
}

export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  pass: 'pass',
  warn: 'warn',
  fail: 'FAIL',
  inconclusive: 'INCONCLUSIVE',
  not_applicable: 'n/a',
};

const COLOURS: Readonly<Record<Verdict, string>> = {
  pass: '32',
  warn: '33',
  fail: '31',
  inconclusive: '31',
  not_applicable: '36',
};
const VERDICT_WIDTH = Math.max(...Object.values(VERDICT_WORDS).map(({ length }) => length));
const LEAST_WIDTH = 40;

/** The report for a person: a line or more a probe, by chapter, and the sum. Pure. */
export function tableText({ probes, counts }: SuiteReport, options: TableOptions): string {
  const blocks = GROUPS.map((group) => {
    const rows = probes.filter((probe) => probe.group === group);
    if (rows.length === 0) return [];
    return [group.toUpperCase(), ...rows.flatMap((row) => linesOf(row, options)), ''];
  });
  return [...blocks.flat(), sumText(counts)].join('\n');
}

/** `1 failed, 0 inconclusive, 2 warned, 30 passed, 9 not applicable`. */
export function sumText(counts: SuiteReport['counts']): string {
  return [
    `${counts.fail} failed`,
    `${counts.inconclusive} inconclusive`,
    `${counts.warn} warned`,
    `${counts.pass} passed`,
    `${counts.not_applicable} not applicable`,
  ].join(', ');
}

function linesOf(probe: ProbeResult, { colour, width, printable }: TableOptions): string[] {
  const { id, title, verdict, detail, remedy } = probe;
  const word = VERDICT_WORDS[verdict].padEnd(VERDICT_WIDTH);
  const shown = colour ? `\u001B[${COLOURS[verdict]}m${word}\u001B[0m` : word;
  const margin = ' '.repeat(2 + 5 + VERDICT_WIDTH + 2);
  const texts = [detail, ...(remedy === null ? [] : [`To mend: ${remedy}`])];
  const columns = Math.max(LEAST_WIDTH, width - margin.length);
  const below = texts.flatMap((text) => wrapped(printable(text), columns));
  return [`  ${id.padEnd(4)} ${shown}  ${title}`, ...below.map((line) => `${margin}${line}`)];
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
