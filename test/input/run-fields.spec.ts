import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { sendRaw } from '../support/raw-http.js';
import type { RunningService } from '../support/service.js';
import { expectRefusal, startWithoutEngine, type Refusal } from './refusal.js';
import { stateOf } from './state.js';

let service: RunningService;
let before: unknown;

beforeAll(async () => {
  service = await startWithoutEngine();
  await service.api('PUT', '/api/v1/secrets/TOKEN', { body: { value: 'run-fields-canary' } });
  before = await stateOf(service);
});

afterAll(() => service.stop());

const GOOD = { issue: 'MT-1', command: ['true'] };
const invalid = (field: string): Refusal => ({ status: 400, code: 'validation_failed', field });
const refusedEnv = (name: string): Refusal => ({
  status: 422,
  code: 'environment_refused',
  field: `env.${name}`,
});

const post = (body: unknown, headers?: Record<string, string>) =>
  service.api('POST', '/api/v1/runs', { body, headers });

describe('POST /api/v1/runs refuses', () => {
  const issues: [string, unknown][] = [
    ['missing', undefined],
    ['null', null],
    ['a number', 42],
    ['a list', ['MT-1']],
    ['an object', { key: 'MT-1' }],
    ['empty', ''],
    ['a dot', '.'],
    ['two dots', '..'],
    ['climbing', '../MT-1'],
    ['climbing inside', 'MT/../../etc'],
    ['with two dots inside', 'MT..1'],
    ['ending in a dot', 'MT-1.'],
    ['absolute', '/etc/passwd'],
    ['with a backslash', 'MT\\1'],
    ['with an encoded slash', 'MT%2F1'],
    ['with a doubly encoded climb', '%252e%252e%252fMT'],
    ['with NUL', 'MT-1\0'],
    ['with a line break at its end', 'MT-1\n'],
    ['with a line break inside', 'MT\r\nX: 1'],
    ['with a space', 'MT 1'],
    ['hidden', '.homes'],
    ['led by a dash', '-rf'],
    ['led by two dashes', '--help'],
    ['in full-width letters', 'ＭＴ-1'],
    ['with a Cyrillic letter', 'МT-1'],
    ['with a hyphen that looks the same', 'MT‐1'],
    ['with a full-width stop', 'MT．．1'],
    ['with a division slash', 'MT∕1'],
    ['with a zero-width space', 'MT​-1'],
    ['with a right-to-left mark', '‮MT-1'],
    ['with a variable', '$HOME'],
    ['with a command', '`id`'],
    ['of 65 characters', 'A'.repeat(65)],
    ['of 300 characters', 'A'.repeat(300)],
    ['of half a million characters', 'A'.repeat(500_000)],
  ];
  it.each(issues)('an issue that is %s', async (_what, issue) => {
    expectRefusal(await post({ ...GOOD, issue }), invalid('issue'));
  });

  const long = 'x'.repeat(128 * 1024);
  const commands: [string, unknown, string][] = [
    ['missing', undefined, 'command'],
    ['null', null, 'command'],
    ['text', 'rm -rf /', 'command'],
    ['an object', { 0: 'true', length: 1 }, 'command'],
    ['empty', [], 'command'],
    ['with an empty program', [''], 'command'],
    ['with a number', ['true', 1], 'command'],
    ['with null', ['true', null], 'command'],
    ['nested', [['true']], 'command'],
    ['with an object', ['true', {}], 'command'],
    ['led by a dash', ['-c', 'id'], 'command.0'],
    ['with NUL in its program', ['tr\0ue'], 'command.0'],
    ['with NUL in an argument', ['true', 'a', 'b\0'], 'command.2'],
    ['with an argument of 128 KiB', ['true', long], 'command.1'],
    ['with an argument of 128 KiB in wide letters', ['true', 'é'.repeat(64 * 1024)], 'command.1'],
    ['of ten thousand and one arguments', Array.from({ length: 10_001 }, () => 'a'), 'command'],
    ['of a quarter of a million arguments', Array.from({ length: 260_000 }, () => ''), 'command'],
  ];
  it.each(commands)('a command that is %s', async (_what, command, field) => {
    expectRefusal(await post({ ...GOOD, command }), invalid(field));
  });

  it('a command of a million arguments', async () => {
    const command = Array.from({ length: 1_000_000 }, () => '');
    const body = JSON.stringify({ ...GOOD, command });
    const head = `POST /api/v1/runs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n`;
    const request = `${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 60_000)}`;
    const answer = await sendRaw(service.url, request);
    expect(answer.status).toBe(413);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'body_too_large' } });
  });

  const manyNames = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`V${n}`, '']));
  const environments: [string, unknown, Refusal][] = [
    ['text', 'A=b', invalid('env')],
    ['a list', ['A=b'], invalid('env')],
    ['a number', 7, invalid('env')],
    ['with a number', { A: 1 }, invalid('env')],
    ['with null', { A: null }, invalid('env')],
    ['with an object', { A: { B: 'c' } }, invalid('env')],
    ['of 1,001 names', manyNames, invalid('env')],
    ['with an empty name', { '': 'x' }, refusedEnv('')],
    ['with a name led by a digit', { '1A': 'x' }, refusedEnv('1A')],
    ['with = in a name', { 'A=B': 'x' }, refusedEnv('A=B')],
    ['with a space in a name', { 'A B': 'x' }, refusedEnv('A B')],
    ['with a dash in a name', { 'A-B': 'x' }, refusedEnv('A-B')],
    ['with code in a name', { 'A;id;': 'x' }, refusedEnv('A;id;')],
    ['with a substitution in a name', { 'A$(id)': 'x' }, refusedEnv('A$(id)')],
    ['with a line break in a name', { 'A\nid': 'x' }, refusedEnv('A\nid')],
    ['with NUL in a name', { 'A\0': 'x' }, refusedEnv('A\0')],
    ['with a letter that looks the same', { РАТН: 'x' }, refusedEnv('РАТН')],
    ['with NUL in a value', { A: 'x\0y' }, refusedEnv('A')],
    ['with a value of 128 KiB', { A: long }, refusedEnv('A')],
  ];
  it.each(environments)('an environment that is %s', async (_what, env, refusal) => {
    expectRefusal(await post({ ...GOOD, env }), refusal);
  });

  it.each([
    ...['PATH', 'IFS', 'ENV', 'BASH_ENV', 'SHELLOPTS', 'BASHOPTS', 'PS4', 'PROMPT_COMMAND', '_'],
    ...['LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT', 'GCONV_PATH', 'GLIBC_TUNABLES', 'LOCPATH'],
    ...['HOME', 'CODEX_HOME', 'RISOLUTO_WRITE_TOKEN', 'RISOLUTO_X', 'BASH_FUNC_id', 'UID', 'PWD'],
  ])('the environment name %s, which is not for requests', async (name) => {
    expectRefusal(await post({ ...GOOD, env: { [name]: 'x' } }), refusedEnv(name));
    const secrets = { [name]: 'TOKEN' };
    const answer = await post({ ...GOOD, secrets });
    expect([answer.status, answer.body.error.code]).toEqual([422, 'environment_refused']);
    expect(JSON.stringify(answer.body.error.details)).toContain(name);
  });

  const selections: [string, unknown, Refusal][] = [
    ['text', 'TOKEN', invalid('secrets')],
    ['a number', 1, invalid('secrets')],
    ['with a number', [1], invalid('secrets')],
    ['with an empty name', [''], invalid('secrets')],
    ['with a name of 129 characters', ['A'.repeat(129)], invalid('secrets')],
    ['with an object in the map', { A: { value: 'x' } }, invalid('secrets')],
    ['of 1,001 names', Object.keys(manyNames), invalid('secrets')],
    ['unknown', ['NOBODY'], { status: 422, code: 'secret_unknown', field: 'secrets' }],
    [
      'unknown, by a path',
      { A: '../TOKEN' },
      { status: 422, code: 'secret_unknown', field: 'secrets' },
    ],
    [
      'unknown, by a pattern',
      { A: 'TOK%' },
      { status: 422, code: 'secret_unknown', field: 'secrets' },
    ],
    [
      'unknown, in other case',
      { A: 'token' },
      { status: 422, code: 'secret_unknown', field: 'secrets' },
    ],
  ];
  it.each(selections)('secrets that are %s', async (_what, secrets, refusal) => {
    expectRefusal(await post({ ...GOOD, secrets }), refusal);
  });

  it('a secret under a name that no environment can have', async () => {
    for (const secrets of [['a.b'], ['a-b'], ['a:b'], { 'A B': 'TOKEN' }, { 'A=': 'TOKEN' }]) {
      const answer = await post({ ...GOOD, secrets });
      expect([answer.status, answer.body.error.code]).toEqual([422, 'environment_refused']);
    }
  });

  it('a name that env and secrets both set', async () => {
    const body = { ...GOOD, env: { TOKEN: 'mine' }, secrets: ['TOKEN'] };
    expectRefusal(await post(body), invalid('env.TOKEN'));
  });

  const others: [string, Record<string, unknown>, Refusal][] = [
    ['an agent', { agent: { prompt: 'hi' } }, invalid('agent')],
    ['a keepAlive of text', { keepAlive: 'true' }, invalid('keepAlive')],
    ['a keepAlive of 1', { keepAlive: 1 }, invalid('keepAlive')],
    ['a field of nobody', { privileged: true }, invalid('privileged')],
    ['an empty field name', { '': 1 }, invalid('')],
    ['an image that is a number', { image: 7 }, invalid('image')],
    ['a long image', { image: 'a'.repeat(256) }, invalid('image')],
    [
      'another image',
      { image: 'alpine:latest' },
      { status: 422, code: 'policy_widened', field: 'image' },
    ],
    ['a time limit of text', { timeoutSeconds: '60' }, invalid('timeoutSeconds')],
    ['a time limit of 0', { timeoutSeconds: 0 }, invalid('timeoutSeconds')],
    ['a negative time limit', { timeoutSeconds: -1 }, invalid('timeoutSeconds')],
    ['a broken time limit', { timeoutSeconds: 1.5 }, invalid('timeoutSeconds')],
    ['a time limit of years', { timeoutSeconds: 1e9 }, invalid('timeoutSeconds')],
    ['a time limit that is a list', { timeoutSeconds: [60] }, invalid('timeoutSeconds')],
    ['a policy of text', { policy: 'none' }, invalid('policy')],
    ['a policy that is a list', { policy: [] }, invalid('policy')],
  ];
  it.each(others)('%s', async (_what, fields, refusal) => {
    expectRefusal(await post({ ...GOOD, ...fields }), refusal);
  });

  const agents: [string, unknown, string][] = [
    ['null', null, 'agent'],
    ['text', 'codex', 'agent'],
    ['a list', [{ kind: 'codex', prompt: 'hi' }], 'agent'],
    ['of no kind', { prompt: 'hi' }, 'agent.kind'],
    ['of a kind in capitals', { kind: 'Codex', prompt: 'hi' }, 'agent.kind'],
    ['of a kind with a dot', { kind: '../codex', prompt: 'hi' }, 'agent.kind'],
    ['of a long kind', { kind: 'c'.repeat(33), prompt: 'hi' }, 'agent.kind'],
    ['without a prompt', { kind: 'codex' }, 'agent.prompt'],
    ['with an empty prompt', { kind: 'codex', prompt: ' \n' }, 'agent.prompt'],
    ['with a prompt of a number', { kind: 'codex', prompt: 1 }, 'agent.prompt'],
    ['with NUL in its prompt', { kind: 'codex', prompt: 'a\0b' }, 'agent.prompt'],
    ['with a long prompt', { kind: 'codex', prompt: 'x'.repeat(100_001) }, 'agent.prompt'],
    ['with a model of two words', { kind: 'codex', prompt: 'hi', model: 'a b' }, 'agent.model'],
    ['with a model like an option', { kind: 'codex', prompt: 'hi', model: '-a' }, 'agent.model'],
    ['with no effort', { kind: 'codex', prompt: 'hi', effort: '' }, 'agent.effort'],
    ['with a field of nobody', { kind: 'codex', prompt: 'hi', sandbox: 'no' }, 'agent.sandbox'],
  ];
  it.each(agents)('an agent that is %s', async (_what, agent, field) => {
    expectRefusal(await post({ issue: 'MT-1', agent }), invalid(field));
  });

  it('an agent that this service does not have', async () => {
    const body = { issue: 'MT-1', agent: { kind: 'nobody', prompt: 'hi' } };
    expectRefusal(await post(body), { status: 422, code: 'agent_unknown', field: 'agent.kind' });
  });

  it.each(['1e400', '-1e400', '1e999999999'])('the time limit %s', async (number) => {
    const body = `{"issue":"MT-1","command":["true"],"timeoutSeconds":${number}}`;
    expectRefusal(await post(body), invalid('timeoutSeconds'));
  });

  it.each([
    '__proto__',
    String.raw`\u005f_proto__`,
    'constructor',
    'prototype',
    'toString',
    'valueOf',
  ])('the key %s, wherever it stands', async (key) => {
    const refusal = { status: 400, code: 'invalid_json', field: 'body' };
    expectRefusal(await post(`{"issue":"MT-1","command":["true"],"${key}":{}}`), refusal);
    for (const place of ['env', 'secrets', 'policy']) {
      const body = `{"issue":"MT-1","command":["true"],"${place}":{"${key}":{"A":"b"}}}`;
      expectRefusal(await post(body), refusal);
    }
    expect((await service.api('GET', '/healthz')).body).toEqual({ status: 'ok' });
  });

  it.each(['', ' ', 'a b', 'a\tb', 'k'.repeat(256), 'ключ', 'ÿ'])(
    'the Idempotency-Key %j',
    async (key) => {
      const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
      const answer = await post(GOOD, headers);
      expectRefusal(answer, {
        status: 400,
        code: 'invalid_idempotency_key',
        field: 'Idempotency-Key',
      });
    },
  );

  it('two Idempotency-Keys', async () => {
    const headers = { 'idempotency-key': ['a', 'b'] } as never;
    expectRefusal(await post(GOOD, headers), { status: 400, code: 'invalid_idempotency_key' });
  });
});

describe('what was refused', () => {
  it('has changed nothing, and left no audit row', async () => {
    expect(await stateOf(service)).toEqual(before);
  });

  it('would have changed something, had it been good', async () => {
    const env = { A: '\u{1F600}\n\'"$(id)', _b1: '' };
    const body = { ...GOOD, env, secrets: { C: 'TOKEN' }, timeoutSeconds: 60 };
    const answer = await post(body);
    expect(answer.status, answer.text).toBe(202);
    expect(answer.headers.location).toBe(`/api/v1/runs/${answer.body.id}`);
    expect(answer.body).toMatchObject({ status: 'queued', env: Object.keys(env) });
    expect(await stateOf(service)).not.toEqual(before);
    expect((await service.api('GET', '/api/v1/audit')).body.items[0].action).toBe('run.created');
  });
});
