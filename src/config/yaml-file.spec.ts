import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { defaultYaml, parseYaml } from './yaml-file.js';

function problemsOf(text: string): string[] {
  const problems: string[] = [];
  const result = parseYaml(text, 'risoluto.yaml', (problem) => problems.push(problem));
  expect(result === null).toBe(problems.length > 0);
  return problems;
}

describe('risoluto.yaml', () => {
  it('names the nearest right key for an unknown one, at every depth', () => {
    expect(problemsOf('codex: {sandbox: {security: {no_new_privileges: true}}}')).toEqual([
      'risoluto.yaml: codex.sandbox.security.no_new_privileges: unknown key; ' +
        'did you mean codex.sandbox.security.noNewPrivileges?',
    ]);
    expect(
      problemsOf('codex: {turnSandboxPolicy: {type: workspaceWrite, network_access: true}}'),
    ).toEqual([
      'risoluto.yaml: codex.turnSandboxPolicy.network_access: unknown key; ' +
        'did you mean codex.turnSandboxPolicy.networkAccess?',
    ]);
    expect(problemsOf('codex: {sandbox: {extraMounts: [{src: /a, target: /b}]}}')).toContainEqual(
      expect.stringContaining('codex.sandbox.extraMounts.0.src: unknown key'),
    );
  });

  it.each([
    ['codex: {threadSandbox: canary}', 'codex.threadSandbox'],
    ['codex: {turnSandboxPolicy: {type: canary}}', 'codex.turnSandboxPolicy.type'],
    ['codex: {sandbox: {resources: {memory: canary}}}', 'codex.sandbox.resources.memory'],
    ['codex: {sandbox: {dns: [canary]}}', 'codex.sandbox.dns.0'],
    ['runs: {maxConcurrent: 0}', 'runs.maxConcurrent'],
    ['runs: [1]', 'runs'],
    ['runs: {maxConcurrent: 1, maxConcurrent: 2}', 'a key stands twice'],
    ['runs: {', 'is not valid YAML'],
    ['canary', 'the document'],
  ])('refuses %s by naming the key and never the value', (text, named) => {
    const problems = problemsOf(text);
    expect(problems.join('\n')).toContain(named);
    expect(problems.join('\n')).not.toContain('canary');
  });

  it('takes an empty file, and one of comments alone, as all defaults', () => {
    const { settings } = defaultYaml();
    for (const text of ['', '# nothing\n', '---\n']) {
      expect(parseYaml(text, 'x', () => undefined)?.settings).toEqual(settings);
    }
  });

  it('knows which keys the operator set', () => {
    const file = parseYaml('codex: {sandbox: {resources: {memory: 1g}}}', 'x', () => undefined);
    expect(file?.configuredKeys).toContain('codex.sandbox.resources.memory');
    expect(file?.configuredKeys).not.toContain('codex.sandbox.resources.pids');
    expect(file?.settings.codex.sandbox.resources.memory).toBe(1024 ** 3);
  });

  it('ships a file whose commented keys are all keys, with their defaults', () => {
    const shipped = readFileSync(new URL('../../config/risoluto.yaml', import.meta.url), 'utf8');
    const uncommented = shipped.replaceAll(/^#(?! \S)/gm, '');
    const { settings } = defaultYaml();
    const machine = {
      cpus: settings.codex.sandbox.resources.cpus,
      runs: settings.runs.maxConcurrent,
    };
    const problems: string[] = [];
    const parsed = parseYaml(uncommented, 'x', (problem) => problems.push(problem));
    expect(problems).toEqual([]);
    parsed!.settings.codex.sandbox.resources.cpus = machine.cpus;
    parsed!.settings.runs.maxConcurrent = machine.runs;
    expect(parsed!.settings).toEqual(settings);
    for (const key of leaves(settings)) expect(parsed!.configuredKeys, key).toContain(key);
  });
});

it('shows a rule for an agent that is one', () => {
  const shipped = readFileSync(new URL('../../config/risoluto.yaml', import.meta.url), 'utf8');
  const [, rule = ''] = /^# (\{name: agent,.*?\}\}\})$/ms.exec(shipped) ?? [];
  const problems: string[] = [];
  const text = `dispatch: [${rule.replaceAll(/^# /gm, '  ')}]`;
  const parsed = parseYaml(text, 'x', (problem) => problems.push(problem));
  expect(problems).toEqual([]);
  expect(parsed?.settings.dispatch).toMatchObject([
    {
      name: 'agent',
      run: { agent: { kind: 'codex', effort: 'high' }, credentialRoutes: ['packages'] },
      report: { succeeded: { state: 'In Review' } },
    },
  ]);
});

function leaves(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [prefix.slice(0, -1)];
  return Object.entries(value)
    .flatMap(([key, inner]) => leaves(inner, `${prefix}${key}.`))
    .filter((key) => !/writableRoots|exclude/.test(key));
}
