import { printable } from './printable.js';

/** Columns of text under their heads, two spaces apart, each line without spaces at its end. A row is one line. */
export function textTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, ...rows.map((row) => row.map(onOneLine))];
  const widths = heads.map((_, n) => Math.max(...lines.map((line) => line[n]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

function onOneLine(cell: string): string {
  return printable(cell).replaceAll('\n', '\\n');
}
