import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { startService, type RunningService } from '../support/service.js';
import { storedValues } from '../support/stored.js';
import { CliProcess, risoluto, type CliText } from './risoluto.js';

const MASTER_KEY = 'the key of the secrets commands';
const TOKEN = 'a-write-token-that-nobody-guesses';
const CANARY = 'c4n4ry-Zp7Qx2Lw9';

let service: RunningService;
let env: Record<string, string>;
let files: string;

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'risoluto-values-'));
  const settings = { MASTER_KEY, RISOLUTO_WRITE_TOKEN: TOKEN };
  service = await startService({
    env: settings,
    yaml: { rateLimits: { api: { limit: 1_000_000 } } },
  });
  env = { RISOLUTO_URL: service.url, RISOLUTO_WRITE_TOKEN: TOKEN };
});
afterAll(async () => {
  await service.stop();
  rmSync(files, { recursive: true, force: true });
});

function secrets(args: string[], input: string | Buffer = ''): Promise<CliText> {
  return risoluto(['secrets', ...args], { env, input });
}

async function valueOf(key: string): Promise<string | undefined> {
  return (await storedValues(service.dataDir, MASTER_KEY)).get(key);
}

async function auditRows(): Promise<number> {
  const { body } = await service.api('GET', '/api/v1/audit?limit=1');
  return (body.items[0]?.seq as number | undefined) ?? 0;
}

describe('risoluto secrets, in a pipe', () => {
  const longest = 'é'.repeat(32 * 1024);

  it.each<[string, string | Buffer, string[], string]>([
    ['as it is', CANARY, [], CANARY],
    ['without the line end of echo', `${CANARY}\n`, [], CANARY],
    ['without one line end, not two', `${CANARY}\n\n`, [], `${CANARY}\n`],
    ['without a line end of two bytes', `${CANARY}\r\n`, [], CANARY],
    ['with a carriage return alone', `${CANARY}\r`, [], `${CANARY}\r`],
    ['with its line end when told so', `${CANARY}\n`, ['--keep-newline'], `${CANARY}\n`],
    ['with blanks, tabulators and NUL', ` \t${CANARY}\0 `, [], ` \t${CANARY}\0 `],
    ['with a byte order mark', `\uFEFF${CANARY}`, [], `\uFEFF${CANARY}`],
    ['up to 64 KiB and a line end', `${longest}\n`, [], longest],
  ])('stores a value %s', async (_what, input, options, expected) => {
    const result = await secrets(['set', 'BYTES', ...options], input);
    expect(result).toEqual({ code: 0, stdout: 'BYTES is set\n', stderr: '' });
    expect((await valueOf('BYTES')) === expected).toBe(true);
  });

  it('stores a value from a file, by the same rule', async () => {
    const file = join(files, 'value');
    writeFileSync(file, `${CANARY}-of-a-file\n`);
    expect((await secrets(['set', 'FILE', '--from-file', file])).code).toBe(0);
    expect(await valueOf('FILE')).toBe(`${CANARY}-of-a-file`);
    await secrets(['set', 'FILE', '--keep-newline', '--from-file', file]);
    expect(await valueOf('FILE')).toBe(`${CANARY}-of-a-file\n`);
  });

  it.each<[string, string | Buffer, string[], RegExp]>([
    ['nothing', '', [], /standard input holds no value/],
    ['nothing but a line end', '\n', [], /standard input holds no value/],
    ['more than 64 KiB', 'x'.repeat(65_537), [], /more than 64 KiB/],
    ['bytes that are not UTF-8', Buffer.from([0x61, 0xff, 0x62]), [], /not UTF-8/],
    ['half a surrogate pair', Buffer.from([0xed, 0xa0, 0x80]), [], /not UTF-8/],
    ['a file that is not there', '', ['--from-file', '/nonexistent/file'], /read \(ENOENT\)/],
    ['a directory', '', ['--from-file', '/'], /read \(EISDIR\)/],
  ])('refuses %s before it asks the service', async (_what, input, options, message) => {
    const nowhere = { RISOLUTO_URL: 'http://127.0.0.1:1' };
    const args = ['secrets', 'set', 'REFUSED', ...options];
    const result = await risoluto(args, { env: nowhere, input });
    expect(result).toMatchObject({ code: 120, stdout: '', stderr: expect.stringMatching(message) });
    const right = await risoluto(['secrets', 'set', 'RIGHT'], { env: nowhere, input: 'value' });
    expect(right.code).toBe(123);
  });

  it.each([
    ['as a second word', ['set', 'ARGV', CANARY]],
    ['as an option', ['set', 'ARGV', `--value=${CANARY}`]],
    ['as an option’s value', ['set', 'ARGV', '--value', CANARY]],
    ['behind --', ['set', 'ARGV', '--', CANARY]],
    ['before the name', ['set', `-${CANARY}`, 'ARGV']],
    ['in place of the name', ['set', `--${CANARY}`]],
    ['with the name in one word', ['set', `ARGV=${CANARY}`]],
    ['as a flag’s value', ['set', 'ARGV', `--keep-newline=${CANARY}`]],
    ['where a file is read', ['set', 'ARGV', '--from-file', CANARY]],
    ['in JSON', ['set', 'ARGV', CANARY, '--json']],
  ])('takes no value %s, and does not repeat it', async (_where, args) => {
    const rows = await auditRows();
    const { code, stdout, stderr } = await secrets(args, 'from-standard-input');
    expect(code).toBe(120);
    expect(stdout + stderr).not.toContain(CANARY);
    expect(stderr).toMatch(/no value: on a command line|must be 1 to 128|cannot be read/);
    expect(await auditRows()).toBe(rows);
  });

  it('lists names and never values, for people and for machines', async () => {
    await secrets(['set', 'LISTED'], CANARY);
    const text = await secrets(['list']);
    expect(text.stdout).toMatch(/^NAME +VERSION +UPDATED +BY\n/);
    expect(text.stdout).toMatch(/^LISTED +1 +\d{4}-\S+Z +write-token$/m);
    const json = await secrets(['list', '--json']);
    const answer = await service.api('GET', '/api/v1/secrets');
    expect(JSON.parse(json.stdout)).toEqual(answer.body);
    expect(text.stdout + json.stdout).not.toContain(CANARY);
  });

  it('deletes, and says so when there is nothing to delete', async () => {
    await secrets(['set', 'GONE'], 'value');
    expect(await secrets(['delete', 'GONE'])).toMatchObject({
      code: 0,
      stdout: 'GONE is deleted\n',
    });
    expect(await valueOf('GONE')).toBeUndefined();
    const again = await secrets(['delete', 'GONE', '--json']);
    expect(again.code).toBe(121);
    expect(JSON.parse(again.stderr).error).toMatchObject({ code: 'secret_not_found' });
  });

  it('is refused with a wrong token or none, and never works behind the service’s back', async () => {
    const rows = await auditRows();
    const { RISOLUTO_WRITE_TOKEN: _token, ...noToken } = service.env;
    const wrong = { ...service.env, RISOLUTO_WRITE_TOKEN: 'a-wrong-token-0123456789' };
    for (const own of [wrong, noToken]) {
      const result = await risoluto(['secrets', 'set', 'STOLEN'], { env: own, input: 'value' });
      expect(result).toMatchObject({ code: 122, stdout: '' });
      expect(result.stderr).toContain('write_unauthorized');
      expect(result.stderr).not.toContain('DATA_DIR');
    }
    expect(await auditRows()).toBe(rows);
    expect(await valueOf('STOLEN')).toBeUndefined();
    const right = await risoluto(['secrets', 'set', 'OWN'], { env: service.env, input: 'value' });
    expect([right.code, await valueOf('OWN')]).toEqual([0, 'value']);
  });
});

describe('risoluto secrets set, at a terminal', () => {
  const prompt = 'value of TYPED (not shown): ';

  async function typed(...keys: string[]): Promise<CliText> {
    const process = new CliProcess(['secrets', 'set', 'TYPED'], { env, terminal: true });
    await process.untilShown(prompt);
    for (const key of keys) process.type(key);
    const { code, stdout } = await process.ended();
    return { code, stdout: stdout.toString('utf8'), stderr: '' };
  }

  it('asks for the value and shows nothing of it', async () => {
    const { code, stdout } = await typed(`wrong\x15${CANARY}x\x7f`, '-typed\r');
    expect([code, stdout]).toEqual([0, `${prompt}\r\nTYPED is set\r\n`]);
    expect(await valueOf('TYPED')).toBe(`${CANARY}-typed`);
  });

  it('is a terminal that shows what is typed where nothing forbids it', async () => {
    const early = new CliProcess(['secrets', 'set', 'TYPED'], { env, terminal: true });
    early.type('typed-too-early');
    await early.untilShown(prompt);
    expect(early.stdout).toContain('typed-too-early');
    early.type('\x03');
    await early.ended();
  });

  it.each([
    ['Ctrl-C', ['half\x03'], 130, 'cancelled'],
    ['a paste of several lines', ['one\rrm -rf two\rthree\r'], 120, 'more than one line'],
    ['lines that come one by one', ['one\r', 'two\r'], 120, 'more than one line'],
    ['an arrow key', ['abc\x1b[D\r'], 120, 'a key that is no character'],
    ['nothing', ['\r'], 120, 'holds no value'],
  ])('stores nothing after %s', async (_what, keys, expected, message) => {
    const rows = await auditRows();
    const { code, stdout } = await typed(...keys);
    expect([code, stdout]).toEqual([expected, expect.stringContaining(message)]);
    expect(stdout).not.toMatch(/half|one\b.*two|rm -rf|abc/);
    expect(await auditRows()).toBe(rows);
  });
});

describe('the value', () => {
  it('is on no command line and in no environment while it is stored', async () => {
    const process = new CliProcess(['secrets', 'set', 'WATCHED'], { env });
    process.type(CANARY);
    const seen = { value: 0, command: 0 };
    for (let look = 0; look < 20; look++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (look === 15) process.child.stdin?.end('-watched');
      const text = processTexts();
      if (text.includes(CANARY)) seen.value++;
      if (text.includes('WATCHED')) seen.command++;
    }
    expect((await process.ended()).code).toBe(0);
    expect(seen.value).toBe(0);
    expect(seen.command).toBeGreaterThan(5);
    expect(await valueOf('WATCHED')).toBe(`${CANARY}-watched`);
  });

  it('is in no log and in no file of the data directory', async () => {
    await secrets(['set', 'FILED'], CANARY);
    expect(await valueOf('FILED')).toBe(CANARY);
    const texts = readdirSync(service.dataDir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    const all = Buffer.concat([Buffer.from(service.logs()), ...texts]);
    expect(all.includes('FILED')).toBe(true);
    for (const encoding of ['utf8', 'base64', 'hex'] as const) {
      expect(all.includes(Buffer.from(CANARY).toString(encoding).slice(0, -2))).toBe(false);
    }
  });
});

/** Command lines and environments of all processes but this one, which knows the value. */
function processTexts(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`])
    .map(readOrNothing)
    .join('\n');
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
