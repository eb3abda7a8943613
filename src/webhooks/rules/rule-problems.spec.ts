import { describe, expect, it } from 'vitest';

import { loadSettings } from '../../config/load-settings.js';
import { overlaid } from '../../config/overlaid-settings.js';
import { readOverlay } from '../../settings/overlay/stored-overlay.js';
import { rulesFrom } from '../../../test/webhooks/dispatch-rules.js';
import { ruleProblems } from './rule-problems.js';

const base = loadSettings({ RISOLUTO_CONFIG: '/dev/null' });
const withRules = (...rules: object[]) =>
  Object.assign({}, base, { dispatch: rulesFrom(...rules) });
const linesOf = (run: object) =>
  ruleProblems(withRules({ name: 'a', run: { command: ['x'], ...run } })).map(
    ({ key, rule }) => `${key}: ${rule}`,
  );

describe('the start', () => {
  it.each([
    [
      { policy: { resources: { memory: '8g' } } },
      ["dispatch.0.run.policy.resources.memory: rule a: must not be wider than the operator's"],
    ],
    [
      { policy: { threadSandbox: 'danger-full-access' } },
      ["dispatch.0.run.policy.threadSandbox: rule a: must not be wider than the operator's"],
    ],
    [{ image: 'other:1' }, ["dispatch.0.run.image: rule a: must not be wider than the operator's"]],
    [
      { timeoutSeconds: 7200 },
      ["dispatch.0.run.timeoutSeconds: rule a: must not be wider than the operator's"],
    ],
    [
      { env: { PATH: 'x' } },
      ['dispatch.0.run.env.PATH: rule a: is reserved for the shell, the loader or the sandbox'],
    ],
    [
      { env: { ISSUE_TITLE: 'x' } },
      [
        'dispatch.0.run.env.ISSUE_TITLE: rule a: is set for every dispatched run; choose another name',
      ],
    ],
    [
      { secrets: ['ISSUE_URL'] },
      [
        'dispatch.0.run.secrets.ISSUE_URL: rule a: is set for every dispatched run; choose another name',
      ],
    ],
    [
      { secrets: ['A'], env: { A: 'x' } },
      ['dispatch.0.run.env.A: rule a: is also set by secrets; name it once'],
    ],
    [
      { secrets: { A: 'no such name' } },
      [expect.stringMatching(/^dispatch\.0\.run\.secrets\.A: rule a: must be 1 to 128/)],
    ],
    [
      {
        policy: { turnSandboxPolicy: { type: 'readOnly', networkAccess: true } },
        secrets: ['A', 'B'],
      },
      [],
    ],
  ])('of a rule that runs %j finds %j', (run, problems) => {
    expect(linesOf(run)).toEqual(problems);
  });
});

describe('a move that a rule asks for', () => {
  const problemsOf = (rule: object) =>
    ruleProblems(withRules({ name: 'a', run: { command: ['x'] }, ...rule })).map(({ key }) => key);
  const doing = { when: { state: 'In Progress' } };
  const either = { when: { state: ['Todo', 'In Progress'] } };
  const report = (kind: string, state: string) => ({ report: { [kind]: { state } } });

  it('neither ends its own run nor starts the next one', () => {
    const started = ['dispatch.0.report.started.state'];
    expect(problemsOf({ ...doing, ...report('started', 'Working') })).toEqual(started);
    expect(problemsOf({ ...either, ...report('started', ' todo') })).toEqual(started);
    for (const kind of ['succeeded', 'failed', 'cancelled']) {
      const found = problemsOf({ ...doing, ...report(kind, 'in progress') });
      expect(found).toEqual([`dispatch.0.report.${kind}.state`]);
    }
  });

  it('is taken where it does neither', () => {
    expect(problemsOf({ ...doing, ...report('started', 'In Progress') })).toEqual([]);
    expect(problemsOf({ ...doing, ...report('succeeded', 'Done') })).toEqual([]);
    const goesOn = { cancelOnLeave: false, ...report('started', 'Working') };
    expect(problemsOf({ ...doing, ...goesOn })).toEqual([]);
    const labelled = { when: { labels: 'agent' }, ...report('started', 'In Progress') };
    expect(problemsOf(labelled)).toEqual([]);
  });
});

describe('an overlay', () => {
  const rule = {
    name: 'a',
    when: { type: 'Issue' },
    run: { command: ['x'], policy: { resources: { memory: '2g' } } },
  };
  const narrow = { codex: { sandbox: { resources: { memory: '1g' } } } };

  it('may replace the rules by such as a start would take', () => {
    const result = overlaid(base, { dispatch: [rule] }, ruleProblems);
    expect('settings' in result && result.settings.dispatch[0]?.name).toBe('a');
    const wide = { ...rule, run: { ...rule.run, timeoutSeconds: 7200 } };
    expect(overlaid(base, { dispatch: [wide] }, ruleProblems)).toEqual({
      refused: false,
      wider: true,
      problems: [
        {
          key: 'dispatch.0.run.timeoutSeconds',
          rule: "rule a: must not be wider than the operator's",
        },
      ],
    });
  });

  it('cannot narrow the policy below what a rule asks for, without changing the rule', () => {
    const ruled = withRules(rule);
    expect(overlaid(ruled, narrow, ruleProblems)).toMatchObject({
      problems: [{ key: 'dispatch.0.run.policy.resources.memory' }],
    });
    expect(overlaid(ruled, { ...narrow, dispatch: [] }, ruleProblems)).toHaveProperty('settings');
  });

  it('that is stored stays in force where the rules of the file came to ask for more', () => {
    const read = readOverlay(withRules(rule), JSON.stringify(narrow), ruleProblems);
    expect(read).toMatchObject({ overlay: narrow, wider: [] });
  });

  it('that is stored loses its rules, and they alone, where the file became narrower', () => {
    const stored = { runs: { maxConcurrent: 1 }, dispatch: [rule] };
    const memory = 1024 ** 3;
    const sandbox = {
      ...base.codex.sandbox,
      resources: { ...base.codex.sandbox.resources, memory },
    };
    const lowered = Object.assign({}, base, { codex: { ...base.codex, sandbox } });
    expect(readOverlay(lowered, JSON.stringify(stored), ruleProblems)).toMatchObject({
      overlay: { runs: { maxConcurrent: 1 } },
      wider: [expect.stringMatching(/^dispatch\.0\.run\.policy\.resources\.memory: /)],
    });
  });
});
