/**
 * Writes `src/agents/codex/protocol` again from the Codex program that the sandbox image has; run it
 * when that version changes. With `--check` it writes nothing, and fails where a file is another one.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { codexBinary } from './image/codex.mjs';
import { keptProtocol } from './lib/codex-protocol.mjs';
import { ROOT } from './lib/paths.mjs';

const target = join(ROOT, 'src/agents/codex/protocol');

/** @param {string} binary */
function generated(binary) {
  const directory = mkdtempSync(join(tmpdir(), 'codex-protocol-'));
  try {
    const ts = join(directory, 'ts');
    execFileSync(binary, ['app-server', 'generate-ts', '--out', ts], {
      env: { CODEX_HOME: directory },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return keptProtocol((name) => readFileSync(join(ts, `${name}.ts`), 'utf8'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {Map<string, string>} wanted names of files that are missing, too many or other */
function differences(wanted) {
  const files = existsSync(target)
    ? readdirSync(target, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(target, join(entry.parentPath, entry.name)))
    : [];
  const names = new Set([...[...wanted.keys()].map((name) => `${name}.ts`), ...files]);
  return [...names].filter((name) => {
    const text = wanted.get(name.slice(0, -'.ts'.length));
    return !files.includes(name) || readFileSync(join(target, name), 'utf8') !== text;
  });
}

const kept = generated(await codexBinary((line) => console.log(line)));
if (process.argv.includes('--check')) {
  const other = differences(kept);
  for (const name of other) console.error(`${name} is not as the program has it`);
  process.exitCode = other.length === 0 ? 0 : 1;
} else {
  rmSync(target, { recursive: true, force: true });
  for (const [name, text] of kept) {
    const file = join(target, `${name}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
console.log(`${String(kept.size)} files`);
