import { describe, expect, it } from 'vitest';

import { parseYaml } from '../yaml-file.js';
import { yamlSchema } from '../yaml-schema.js';

function problemsOf(rule: string): string[] {
  const problems: string[] = [];
  parseYaml(`dispatch: [${rule}]`, 'f', (problem) => problems.push(problem));
  return problems;
}

const OTHERS = 'name: a, run: {command: [x]}';
const WHEN = 'name: a, when: {type: Issue}';

describe('dispatch in risoluto.yaml', () => {
  it('takes one value or a list, and reads its own output as the same', () => {
    const written = {
      name: 'a',
      when: { state: 'In Progress', type: ['Issue', 'Comment'], labels: 'agent' },
      run: { command: ['x', '{{ issue.title }}'] },
    };
    const once = yamlSchema.parse({ dispatch: [written] }).dispatch;
    expect(once).toEqual([
      {
        name: 'a',
        when: { state: ['In Progress'], type: ['Issue', 'Comment'], labels: { any: ['agent'] } },
        run: { command: ['x', '{{ issue.title }}'], env: {}, secrets: [] },
        onNewer: 'wait',
        cancelOnLeave: true,
        repeat: false,
        report: {
          started: { comment: true },
          succeeded: { comment: true },
          failed: { comment: true },
          cancelled: { comment: true },
        },
      },
    ]);
    expect(yamlSchema.parse({ dispatch: once }).dispatch).toEqual(once);
  });

  it.each([
    [
      `{${OTHERS}, when: {stat: X}}`,
      'dispatch.0.when.stat: rule a: unknown key; did you mean dispatch.0.when.state?',
    ],
    [
      `{${OTHERS}, when: {labels: {al: X}}}`,
      'dispatch.0.when.labels.al: rule a: unknown key; did you mean dispatch.0.when.labels.all?',
    ],
    [
      `{${OTHERS}, when: {labels: {}}}`,
      'dispatch.0.when.labels: rule a: must have one of all, any and none',
    ],
    [
      `{${OTHERS}, when: {}}`,
      'dispatch.0.when: rule a: must have a condition: a rule without one would take every event',
    ],
    [
      `{${OTHERS}, when: {state: [1]}}`,
      'dispatch.0.when.state: rule a: must be a text of 1 to 200 characters, or a list of such',
    ],
    [`{${WHEN}, run: {}}`, 'dispatch.0.run: rule a: must have one of command and agent'],
    [
      `{${WHEN}, run: {command: [x], agent: {kind: codex, prompt: x}}}`,
      'dispatch.0.run: rule a: must have one of command and agent',
    ],
    [
      `{${WHEN}, run: {agent: {kind: codex, prompt: "{{ issue.titel }}"}}}`,
      'dispatch.0.run.agent.prompt: rule a: unknown variable issue.titel; did you mean issue.title?',
    ],
    [
      `{${WHEN}, run: {agent: {kind: codex, prompt: " "}}}`,
      'dispatch.0.run.agent.prompt: rule a: must say something',
    ],
    [
      `{${WHEN}, run: {agent: {kind: codex, prompt: x, model: "-m"}}}`,
      expect.stringMatching(/^dispatch\.0\.run\.agent\.model: rule a: must be 1 to 128/),
    ],
    [
      `{${WHEN}, run: {agent: {kind: codex, prompt: x, effrot: high}}}`,
      expect.stringMatching(/^dispatch\.0\.run\.agent\.effrot: rule a: unknown key/),
    ],
    [
      `{${WHEN}, run: {command: [x, "{{ issue.titel }}"]}}`,
      'dispatch.0.run.command.1: rule a: unknown variable issue.titel; did you mean issue.title?',
    ],
    [
      `{${WHEN}, run: {command: [x], env: {A: "{{ issue.titel }}"}}}`,
      'dispatch.0.run.env.A: rule a: unknown variable issue.titel; did you mean issue.title?',
    ],
    [
      `{${WHEN}, run: {command: [sh, -c, "echo {{ issue.title }}"]}}`,
      expect.stringMatching(/^dispatch\.0\.run\.command\.2: rule a: must hold no placeholder/),
    ],
    [
      `{${WHEN}, run: {command: ["{{ issue.title }}"]}}`,
      expect.stringMatching(/^dispatch\.0\.run\.command\.0: rule a: must hold no placeholder/),
    ],
    [
      `{${WHEN}, run: {command: [x], policy: {resources: {memry: 1g}}}}`,
      expect.stringMatching(/^dispatch\.0\.run\.policy\.resources\.memry: rule a: unknown key/),
    ],
    [
      `{${WHEN}, run: {command: [x]}}, {${WHEN}, run: {command: [y]}}`,
      'dispatch.1.name: rule a: is the name of an earlier rule too',
    ],
    [
      `{${OTHERS}, when: {state: X}, onNewer: wiat}`,
      expect.stringMatching(/^dispatch\.0\.onNewer: rule a: /),
    ],
  ])('refuses %s, naming rule and key', (rule, problem) => {
    const asked = typeof problem === 'string' ? `f: ${problem}` : problem;
    const found = problemsOf(rule);
    expect(typeof asked === 'string' ? found : found.map((one) => one.slice(3))).toContainEqual(
      asked,
    );
  });

  it('takes an agent in place of a command', () => {
    const agent = { kind: 'codex', prompt: 'Fix {{ issue.title }}', model: 'm', effort: 'high' };
    const run = { agent, credentialRoutes: ['model'] };
    const { dispatch } = yamlSchema.parse({
      dispatch: [{ name: 'a', when: { type: 'Issue' }, run }],
    });
    expect(dispatch[0]?.run).toEqual({ ...run, env: {}, secrets: [] });
  });
});
