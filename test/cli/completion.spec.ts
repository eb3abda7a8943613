import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { risoluto } from './risoluto.js';

const directory = mkdtempSync(join(tmpdir(), 'risoluto-t-'));
afterAll(() => rmSync(directory, { recursive: true }));

let script: string;
beforeAll(async () => {
  script = (await risoluto(['completion', 'bash'])).stdout;
});

/** What bash itself offers, with its own rules of what a word is. */
function offered(...words: string[]): string[] {
  const asked = `
    COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    eval "$(cat)"
    [[ $(complete -p risoluto) == *"-F _risoluto risoluto" ]] || exit 9
    _risoluto
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', asked, 'bash', 'risoluto', ...words],
    {
      input: script,
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion in bash', () => {
  it('offers commands and options, at every depth', () => {
    expect(offered('')).toEqual(expect.arrayContaining(['run', 'secrets', '--url', '--help']));
    expect(offered('ru')).toEqual(['run', 'runs']);
    expect(offered('secrets', '')).toEqual(expect.arrayContaining(['set', 'list', 'delete']));
    expect(offered('run', '--re')).toEqual(['--read-only', '--reconnect-timeout']);
    expect(offered('audit', 'verify', '--js')).toEqual(['--json']);
  });

  it('goes on behind options and their values, in pieces too', () => {
    expect(offered('--url', 'http', ':', '//localhost', 'ru')).toEqual(['run', 'runs']);
    expect(offered('run', '--env', 'CI', '=', 'true', '--iss')).toEqual(['--issue']);
    expect(offered('run', '--network', '--iss')).toEqual(['--issue']);
  });

  it('leaves a value and the command behind run to the shell', () => {
    expect(offered('run', '--token-file', '')).toEqual([]);
    expect(offered('run', '--issue', 'MT-1', '--', '--')).toEqual([]);
    expect(offered('run', 'make', '--')).toEqual([]);
  });
});

describe('completion in other shells', () => {
  it.each(['zsh', 'fish'])(
    '%s: names every command, and parses where the shell is there',
    async (shell) => {
      const { code, stdout } = await risoluto(['completion', shell]);
      expect(code).toBe(0);
      for (const word of offered('')) expect(stdout).toContain(`'${word}`);
      const file = join(directory, shell);
      writeFileSync(file, stdout);
      const check = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      if (check.error === undefined) expect([check.status, check.stderr]).toEqual([0, '']);
    },
  );

  it('knows no other shell', async () => {
    expect(await risoluto(['completion', 'csh'])).toMatchObject({ code: 120 });
  });
});

describe('the manual', () => {
  it('is what the command line says of itself', () => {
    const generator = fileURLToPath(new URL('../../scripts/docs-cli.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [generator, '--check'], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });
});
