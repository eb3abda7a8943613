// Inside the test world: measures every bench/*.bench.ts, or those that an argument is part of, and
// prints one table. The exit code is 1 when a target is missed.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { createViteServer } from 'vitest/node';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);

// As a loader of TypeScript; nothing is served.
const loader = await createViteServer({
  root: fileURLToPath(new URL('..', import.meta.url)),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  optimizeDeps: { noDiscovery: true },
});
const { runBenchmark } = await loader.ssrLoadModule('/bench/benchmark.ts');

const rows = [];
for (const file of readdirSync(HERE).filter(isWanted).sort()) {
  const { default: benchmark } = await loader.ssrLoadModule(`/bench/${file}`);
  console.log(`${benchmark.question} (${benchmark.rounds} rounds)`);
  const result = await runBenchmark(benchmark);
  result.rows.forEach((row, index) => rows.push(line(file, row, index === 1 && result.target)));
}
await loader.close();
print(rows);
process.exit(rows.some(({ verdict }) => verdict.startsWith('missed')) ? 1 : 0);

/** @param {string} file */
function isWanted(file) {
  return (
    file.endsWith('.bench.ts') &&
    (wanted.length === 0 || wanted.some((part) => file.includes(part)))
  );
}

/**
 * @param {string} file
 * @param {{contender: string, medianMs: number, p90Ms: number, ratio: number}} row
 * @param {number | false} target of the row that ours is held against
 */
function line(file, { contender, medianMs, p90Ms, ratio }, target) {
  return {
    benchmark: file.replace('.bench.ts', ''),
    contender,
    'median ms': medianMs.toFixed(1),
    'p90 ms': p90Ms.toFixed(1),
    'ours / this': ratio.toFixed(2),
    verdict: target === false ? '' : `${ratio <= target ? 'met' : 'missed'}: at most ${target}`,
  };
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
