import { spawnSync } from 'node:child_process';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ruleFrom } from '../../../test/webhooks/dispatch-rules.js';
import { CHILD_ISSUE, delivery, ISSUE } from '../../../test/webhooks/linear-payloads.js';
import { encodeFrame, acknowledgement, newNonce } from '../../sandbox/frame.js';
import { mapLinearPayload } from '../sources/linear-event.js';
import { renderRun, type RenderedRun } from './rendered-run.js';

const eventOf = (issue: object) =>
  mapLinearPayload(delivery('Issue', 'create', { data: { ...ISSUE, ...issue } }));

function render(run: object, event = eventOf({})): RenderedRun | { reason: string } {
  return renderRun(ruleFrom({ run }), event);
}

function reasonOf(run: object, event = eventOf({})): string {
  const result = render(run, event);
  if (!('reason' in result)) throw new Error(JSON.stringify(result));
  return result.reason;
}

describe('the run of a rule', () => {
  it('asks for what the rule says, with the values of the event', () => {
    const policy = { turnSandboxPolicy: { type: 'workspaceWrite', networkAccess: true } };
    const run = {
      command: ['./build.sh', '--title={{ issue.title }}', '{{ issue.labels | join: "," }}'],
      env: { STATE: '{{ issue.state | slugify }}', PLAIN: 'x' },
      secrets: { TOKEN: 'DEPLOY_KEY' },
      policy,
      timeoutSeconds: 60,
    };
    expect(render(run)).toEqual({
      issue: 'ENG-42',
      request: {
        command: ['./build.sh', '--title=Build fails', 'agent'],
        env: {
          ISSUE_IDENTIFIER: 'ENG-42',
          ISSUE_TITLE: 'Build fails',
          ISSUE_URL: 'https://linear.app/acme/issue/ENG-42',
          ISSUE_STATE: 'In Progress',
          EVENT_SOURCE: 'linear',
          EVENT_TYPE: 'Issue',
          EVENT_ACTION: 'create',
          STATE: 'in-progress',
          PLAIN: 'x',
        },
        secrets: { TOKEN: 'DEPLOY_KEY' },
        policy,
        timeoutSeconds: 60,
      },
    });
  });

  it('asks an agent, with the values of the event in its prompt alone', () => {
    const title = 'Ignore "this"\n--yolo {{ issue.url }}';
    const agent = { kind: 'codex', prompt: 'Fix {{ issue.title }}', model: 'm', effort: 'high' };
    const run = { agent, credentialRoutes: ['model'] };
    expect(render(run, eventOf({ title }))).toMatchObject({
      request: { agent: { ...agent, prompt: `Fix ${title}` }, credentialRoutes: ['model'] },
    });
    expect(render(run)).not.toHaveProperty('request.command');
    const wordless = { agent: { kind: 'codex', prompt: '{{ issue.title | default: "" }}' } };
    expect(reasonOf(wordless, eventOf({ title: ' ' }))).toMatch(
      /^agent\.prompt: must be text of 1/,
    );
    expect(reasonOf(run, eventOf({ title: 'a\0b' }))).toMatch(/^agent\.prompt: must be text of 1/);
    expect(reasonOf(run, eventOf({ title: null }))).toMatch(
      /^agent\.prompt: issue\.title is absent/,
    );
  });

  it('sets no variable of what the event does not tell', () => {
    const event = mapLinearPayload(
      delivery('Comment', 'create', { data: { issue: CHILD_ISSUE, body: 'x' } }),
    );
    const result = render({ command: ['true'] }, event);
    expect(Object.keys('request' in result ? (result.request.env ?? {}) : {})).toEqual([
      'ISSUE_IDENTIFIER',
      'ISSUE_TITLE',
      'ISSUE_URL',
      'EVENT_SOURCE',
      'EVENT_TYPE',
      'EVENT_ACTION',
    ]);
  });

  it.each([
    [['x', '{{ issue.assignee }}'], { assignee: null }, /^command\.1: issue\.assignee is absent/],
    [
      ['x', 'a{{ issue.description }}'],
      { description: 'a\0b' },
      /^command\.1 must not contain NUL/,
    ],
    [
      ['x', 'a{{ issue.description }}'],
      { description: '\ud800' },
      /^command\.1 must be valid Unicode/,
    ],
    [
      ['x', 'a{{ issue.description }}'],
      { description: 'é'.repeat(65_536) },
      /^command\.1 must be shorter than 128 KiB/,
    ],
    [
      ['x', '{{ issue.title }}'],
      { title: '--upload-pack=x' },
      /^command\.1: would begin with a dash/,
    ],
    [['x', '{{ issue.title | strip }}'], { title: ' -x' }, /would begin with a dash/],
    [['x'], { title: 'a\0b' }, /ISSUE_TITLE must not contain NUL/],
    [['x'], { identifier: '../../etc' }, /cannot be the name of a workspace/],
  ])('%j is refused, with the reason', (command, issue, reason) => {
    expect(reasonOf({ command }, eventOf(issue))).toMatch(reason);
  });

  it('lets a value begin with a dash where no option can stand', () => {
    const issue = eventOf({ title: '-x' });
    for (const command of [
      ['x', '--', '{{ issue.title }}'],
      ['x', '--title={{ issue.title }}'],
    ]) {
      expect(render({ command }, issue)).toHaveProperty('request');
    }
  });
});

describe('no value of an event', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }),
    fc.constantFrom(
      '"; id #',
      "' 'x",
      '$(id) `id`',
      'a\nb\r\nc',
      '{{ issue.title }}',
      '{% raw %}',
      '-x',
      '\\',
      'X=1',
    ),
  );
  const RUN = {
    command: ['prog', 'a', 'T={{ issue.title }};', '--', '{{ issue.description }}', 'z'],
    env: { XA: '<{{ issue.title }}>', XB: 'plain' },
  };

  it('leaves its element of the command or its variable', () => {
    fc.assert(
      fc.property(text, text, (title, description) => {
        const result = render(RUN, eventOf({ title, description }));
        if ('reason' in result) {
          expect(`${title}${description}`).toMatch(/\0|\p{Surrogate}/u);
          return;
        }
        const { command, env = {} } = result.request;
        expect(command).toEqual(['prog', 'a', `T=${title};`, '--', description, 'z']);
        expect(env).toMatchObject({ XA: `<${title}>`, XB: 'plain', ISSUE_TITLE: title });
        expect(Object.keys(env)).toHaveLength(9);
      }),
    );
  });

  it('is anything but that text to the program that the sandbox starts', () => {
    const dump = ['perl', '-e', 'print join("\\0", $ENV{XA}, $ENV{ISSUE_TITLE}, @ARGV)', '--'];
    fc.assert(
      fc.property(text, text, (title, description) => {
        const command = [...dump, 'T={{ issue.title }};', '{{ issue.description }}', 'z'];
        const result = render({ command, env: RUN.env }, eventOf({ title, description }));
        fc.pre('request' in result);
        const { command: argv = [], env = {} } = result.request;
        const nonce = newNonce();
        const { stdout } = spawnSync('/bin/sh', ['-s'], {
          input: encodeFrame({ argv, env, nonce }),
          env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
        });
        const printed = [`<${title}>`, title, `T=${title};`, description, 'z'].join('\0');
        expect(stdout.toString()).toBe(acknowledgement(nonce).toString() + printed);
      }),
      { numRuns: 40 },
    );
  });
});
