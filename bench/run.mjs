// Inside the test world: measures every bench/*.bench.ts, or those that an argument is part of, and
// prints one table. The exit code is 1 when a target is missed. With `--quick` the rounds are so few
// that the figures mean nothing: it only shows that everything runs, and no target counts.
import { readdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

import 'reflect-metadata';
import { createViteServer } from 'vitest/node';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const quick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((argument) => argument !== '--quick');

// As a loader of TypeScript; nothing is served.
const loader = await createViteServer({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
const { runComparison } = await loader.ssrLoadModule('/bench/benchmark.ts');

console.log(`load average at the start: ${loadavg()[0].toFixed(1)}`);
const rows = [];
for (const file of readdirSync(HERE).filter(isWanted).sort()) {
  const { default: benchmark } = await loader.ssrLoadModule(`/bench/${file}`);
  console.log(benchmark.question);
  const prepared = await benchmark.prepare({ quick });
  try {
    for (const comparison of prepared.comparisons) {
      console.log(`  ${comparison.name} (${comparison.rounds} rounds)`);
      rows.push(...(await runComparison(comparison)).map(line));
    }
  } finally {
    await prepared.dispose();
  }
}
await loader.close();
print(rows);
console.log(`\nload average at the end: ${loadavg()[0].toFixed(1)}`);
process.exit(!quick && rows.some(({ verdict }) => verdict.startsWith('MISSED')) ? 1 : 0);

/** @param {string} file */
function isWanted(file) {
  return (
    file.endsWith('.bench.ts') &&
    (wanted.length === 0 || wanted.some((part) => file.includes(part)))
  );
}

/** @param {import('./benchmark.js').ResultRow} row */
function line({ comparison, contender, unit, median, p90, ratio, verdict }) {
  return {
    measured: comparison,
    contender,
    unit,
    median: figure(median),
    p90: figure(p90),
    // Where the other's figure is 0 there is no ratio.
    'ours / this': Number.isFinite(ratio) ? ratio.toFixed(2) : '–',
    verdict,
  };
}

/** @param {number} value */
function figure(value) {
  return value.toFixed(value < 100 ? 1 : 0);
}

/** @param {Record<string, string>[]} table */
function print(table) {
  const names = Object.keys(table[0] ?? {});
  const widths = names.map((name) =>
    Math.max(name.length, ...table.map((row) => row[name].length)),
  );
  const show = (cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(' | ')} |`;
  console.log(`\n${show(names)}\n${show(widths.map((width) => '-'.repeat(width)))}`);
  for (const row of table) console.log(show(names.map((name) => row[name])));
}
