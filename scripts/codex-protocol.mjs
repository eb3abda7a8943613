/**
 * Writes `src/agents/codex/protocol` again from a Codex binary. Run it when the version of Codex in
 * the sandbox image changes: `node scripts/codex-protocol.mjs path/to/codex`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { keptProtocol } from './lib/codex-protocol.mjs';
import { ROOT } from './lib/paths.mjs';

const [binary = 'codex'] = process.argv.slice(2);
const target = join(ROOT, 'src/agents/codex/protocol');
const generated = mkdtempSync(join(tmpdir(), 'codex-protocol-'));
try {
  const env = { ...process.env, CODEX_HOME: generated };
  execFileSync(binary, ['app-server', 'generate-ts', '--out', join(generated, 'ts')], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const kept = keptProtocol((name) => readFileSync(join(generated, 'ts', `${name}.ts`), 'utf8'));
  rmSync(target, { recursive: true, force: true });
  for (const [name, text] of kept) {
    const file = join(target, `${name}.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  console.log(`${String(kept.size)} files in ${target}`);
} finally {
  rmSync(generated, { recursive: true, force: true });
}
