import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

import { expect, it } from 'vitest';

const execute = promisify(execFile);
const SCRIPT = new URL('../../scripts/codex-protocol.mjs', import.meta.url).pathname;
const FILE = new URL('../../src/agents/codex/protocol/v2/Turn.ts', import.meta.url).pathname;

const check = () => execute(process.execPath, [SCRIPT, '--check']);

it('has the types that the program in the sandbox image generates, and no others', async () => {
  expect((await check()).stdout).toContain('files');

  const text = readFileSync(FILE);
  appendFileSync(FILE, '\n');
  try {
    await expect(check()).rejects.toMatchObject({
      code: 1,
      stderr: 'v2/Turn.ts is not as the program has it\n',
    });
  } finally {
    writeFileSync(FILE, text);
  }
});
