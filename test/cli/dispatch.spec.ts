import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';

import { startRefused, startService, type RunningService } from '../support/service.js';
import { delivery, ISSUE, issueUpdate } from '../webhooks/linear-payloads.js';
import { risoluto, type CliText } from './risoluto.js';

vi.setConfig({ testTimeout: 120_000 });

const RULES = [
  { name: 'release', when: { state: 'Ready' }, run: { command: ['make', 'release'] } },
  {
    name: 'build',
    when: { type: 'Issue', state: 'In Progress', labels: { all: ['Agent'] } },
    run: { command: ['make', '--', '{{ issue.title }}'], secrets: { TOKEN: 'DEPLOY_KEY' } },
    onNewer: 'replace',
  },
];
const WIDE = { ...RULES[0], run: { command: ['x'], timeoutSeconds: 7200 } };
const WIDER = "rule release: must not be wider than the operator's";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'risoluto-dispatch-'));
  writeFileSync(join(root, 'rules.yaml'), stringify({ dispatch: RULES }));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function test(payload: unknown, ...args: string[]): Promise<CliText> {
  return risoluto(['dispatch', 'test', '-', '--config', join(root, 'rules.yaml'), ...args], {
    input: JSON.stringify(payload),
    env: { DATA_DIR: join(root, 'data') },
  });
}

describe('risoluto dispatch test', () => {
  it('says which rule, why not the others, and what run, with secrets by their names', async () => {
    const { code, stdout, stderr } = await test(issueUpdate({ stateId: 'x' }), '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({
      event: { source: 'linear', type: 'Issue', changed: ['state'] },
      rule: 'build',
      considered: [
        { rule: 'release', matched: false, why: 'state is “In Progress”, the rule wants “Ready”' },
        { rule: 'build', matched: true },
      ],
      run: {
        issue: 'ENG-42',
        command: ['make', '--', 'Build fails'],
        secrets: { TOKEN: 'DEPLOY_KEY' },
        env: { ISSUE_TITLE: 'Build fails' },
      },
      onNewer: 'replace',
      reason: null,
      ends: [{ rule: 'release' }],
    });
  });

  it('exits with 1 when no rule matches, and when its run cannot be rendered', async () => {
    const none = await test(delivery('Cycle', 'create', { data: { id: 'x' } }));
    expect(none.code).toBe(1);
    expect(none.stdout).toContain('no run: no rule matches\n');
    const nul = { ...ISSUE, title: 'a\0\u001b[2J' };
    const refused = await test(delivery('Issue', 'create', { data: nul }));
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(/^matches: build: .*\n(.*\n)*no run: .*must not contain NUL/m);
    expect(refused.stdout).not.toContain('\u001b');
  });

  it('knows GitHub by its header, and every other source by its name', async () => {
    const payload = { action: 'opened', issue: { number: 1 }, repository: { full_name: 'a/b' } };
    expect(await test(payload, '--source', 'github')).toMatchObject({
      code: 120,
      stderr: expect.stringContaining('--event issues') as unknown,
    });
    const github = await test(payload, '--source', 'github', '--event', 'issues');
    expect(github.stdout).toContain('event: github issues opened, of a.b-1');
    const data = { identifier: 'OPS-1', state: 'ready' };
    const own = await test({ type: 'issue.created', data }, '--source', 'tracker');
    expect(own.stdout).toContain('event: tracker issue created, of OPS-1');
    expect([own.code, github.code]).toEqual([0, 1]);
  });

  it('refuses input that it cannot read, and rules that a start would refuse', async () => {
    const missing = join(root, 'missing.json');
    const unread = await risoluto(['dispatch', 'test', missing], { env: { DATA_DIR: root } });
    expect([unread.code, unread.stderr]).toEqual([
      120,
      expect.stringContaining(`${missing} cannot be read (ENOENT)`),
    ]);
    const file = join(root, 'wide.yaml');
    writeFileSync(file, stringify({ dispatch: [WIDE] }));
    const wide = await test({}, '--config', file);
    expect(wide.code).toBe(120);
    expect(wide.stderr).toContain(`dispatch.0.run.timeoutSeconds: ${WIDER}`);
  });
});

describe('rules', () => {
  it('that are wrong keep the service from starting, by rule and key; so says the check', async () => {
    const unknown = { ...RULES[0], run: { command: ['x', '{{ issue.titel }}'] } };
    for (const [rule, key, told] of [
      [WIDE, 'timeoutSeconds', WIDER],
      [
        unknown,
        'command.1',
        'rule release: unknown variable issue.titel; did you mean issue.title?',
      ],
      [
        { ...RULES[0], run: { agent: { kind: 'nobody', prompt: 'x' } } },
        'agent.kind',
        'rule release: must be one of: codex',
      ],
    ] as const) {
      const { code, logs } = await startRefused({ yaml: { dispatch: [rule] } });
      expect(code).toBe(78);
      expect(logs).toContain(`dispatch.0.run.${key}: ${told}`);
    }
    const file = join(root, 'wide.yaml');
    writeFileSync(file, stringify({ dispatch: [WIDE] }));
    const check = await risoluto(['config', 'check', '--file', file], { env: { DATA_DIR: root } });
    expect([check.code, check.stdout]).toEqual([1, expect.stringContaining(WIDER)]);
    const args = ['config', 'set', 'codex.sandbox.timeoutSeconds', '60', '--file', file];
    const set = await risoluto(args, { env: { DATA_DIR: root } });
    expect([set.code, set.stderr]).toEqual([120, expect.stringContaining(WIDER)]);
  });

  describe('of an overlay', () => {
    let service: RunningService;
    beforeAll(async () => {
      service = await startService({ yaml: { dispatch: RULES } });
    });
    afterAll(() => service?.stop());

    const patch = (body: object) =>
      service.api('PATCH', '/api/v1/config/overlay', { body, headers: {} });

    it('take the place of those of the file, when a start would take them', async () => {
      const config = async () =>
        (await service.api('GET', '/api/v1/config')).body as {
          dispatch: { name: string }[];
          sources: Record<string, string>;
        };
      expect(await config()).toMatchObject({
        dispatch: [{ name: 'release' }, { name: 'build', when: { labels: { all: ['Agent'] } } }],
        sources: { dispatch: 'file' },
      });
      const refused = await patch({ dispatch: [WIDE] });
      expect([refused.status, refused.body.error]).toEqual([
        400,
        expect.objectContaining({
          code: 'validation_failed',
          details: [{ field: 'dispatch.0.run.timeoutSeconds', message: WIDER }],
        }),
      ]);
      const short = { ...RULES[0], run: { command: ['x'], timeoutSeconds: 600 } };
      expect((await patch({ dispatch: [short] })).status).toBe(200);
      expect(await config()).toMatchObject({
        dispatch: [{ name: 'release', run: { timeoutSeconds: 600 } }],
        sources: { dispatch: 'overlay' },
      });
      const narrow = await patch({ codex: { sandbox: { timeoutSeconds: 60 } } });
      expect(narrow.body.error.details).toEqual([
        { field: 'dispatch.0.run.timeoutSeconds', message: WIDER },
      ]);
    });
  });
});
