import type { HardeningItem, HardeningRepair } from '../../hardening/dto/hardening.dto.js';
import { printable } from '../printable.js';

const SYMBOLS = { pass: '✓', warn: '!', fail: '✗' } as const;
const COLOURS = { pass: '32', warn: '33', fail: '31' } as const;
const UNCHECKED = { symbol: '?', colour: '36' } as const;
const LEAST_WIDTH = 40;

export interface TextOptions {
  readonly colour: boolean;
  /** Columns of the terminal. */
  readonly width: number;
}

/** The checklist for a person: a line or more an item, then the commands that mend it. */
export function checklistText(items: readonly HardeningItem[], options: TextOptions): string {
  const widest = Math.max(0, ...items.map(({ title }) => title.length));
  const width = Math.max(LEAST_WIDTH, options.width - widest - 4);
  const rows = items.flatMap((item) => {
    const [first = '', ...rest] = wrap(printable(item.detail), width);
    const margin = ' '.repeat(widest + 4);
    return [
      `${symbolOf(item, options.colour)} ${printable(item.title).padEnd(widest)}  ${first}`,
      ...rest.map((line) => `${margin}${line}`),
    ];
  });
  return [...rows, ...remedies(items), '', summaryText(items)].join('\n');
}

/** `1 fail, 4 warn, 12 pass`; what could not be checked is counted apart as well. */
export function summaryText(items: readonly HardeningItem[]): string {
  const count = (status: string) => items.filter((item) => item.status === status).length;
  const unchecked = items.filter(({ checked }) => !checked).length;
  const counts = (['fail', 'warn', 'pass'] as const).map((status) => `${count(status)} ${status}`);
  return `${counts.join(', ')}${unchecked === 0 ? '' : ` (${unchecked} could not be checked)`}`;
}

/** What `--fix` did, item by item. */
export function repairsText(repairs: readonly HardeningRepair[]): string {
  const lines = repairs.flatMap(({ id, did }) =>
    did.length === 0 ? [`${id}: nothing to do`] : did.map((one) => `${id}: ${one}`),
  );
  return printable(lines.join('\n'));
}

function remedies(items: readonly HardeningItem[]): string[] {
  const open = items.filter(({ remedy, status }) => remedy !== null && status !== 'pass');
  if (open.length === 0) return [];
  const blocks = open.flatMap(({ id, remedy }) => [
    `# ${id}`,
    ...printable(remedy ?? '')
      .split('\n')
      .map((line) => `  ${line}`),
  ]);
  return ['', 'To mend:', ...blocks];
}

function symbolOf({ status, checked }: HardeningItem, colour: boolean): string {
  const symbol = checked ? SYMBOLS[status] : UNCHECKED.symbol;
  const code = checked ? COLOURS[status] : UNCHECKED.colour;
  return colour ? `\u001B[${code}m${symbol}\u001B[0m` : symbol;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
