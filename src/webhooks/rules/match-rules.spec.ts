import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ruleFrom, rulesFrom } from '../../../test/webhooks/dispatch-rules.js';
import {
  CHILD_ISSUE,
  delivery,
  ISSUE,
  issueUpdate,
} from '../../../test/webhooks/linear-payloads.js';
import { mapGithubPayload } from '../sources/github-event.js';
import { mapLinearPayload } from '../sources/linear-event.js';
import { mapStandardPayload } from '../sources/standard-event.js';
import { leftRule, matchRules } from './match-rules.js';

const created = mapLinearPayload(delivery('Issue', 'create', { data: ISSUE }));
const update = (updatedFrom: object, issue: object = {}) =>
  mapLinearPayload(issueUpdate(updatedFrom, issue));

/** Why the one rule does not match; null when it does. */
function whyNot(when: object, event = created, rest: object = {}): string | null {
  const { rule, considered } = matchRules([ruleFrom({ when, ...rest })], event);
  expect(rule !== null).toBe(considered[0]?.matched);
  return rule === null ? (considered[0]?.why ?? '') : null;
}

describe('a rule', () => {
  it.each([
    { source: 'linear' },
    { type: ['Comment', 'issue'] },
    { action: 'CREATE' },
    { state: 'in progress' },
    { state: ' In Progress ' },
    { state: 'state-2' },
    { team: 'eng' },
    { team: 'Engineering' },
    { project: ['Other', 'Website'] },
    { assignee: 'ada' },
    { assignee: 'ADA@example.com' },
    { labels: 'Agent' },
    { labels: ['other', 'agent'] },
    { labels: { all: ['agent'], none: ['blocked'] } },
  ])('matches by %j', (when) => {
    expect(whyNot(when)).toBeNull();
  });

  it.each([
    [{ source: 'github' }, 'source is “linear”, the rule wants “github”'],
    [{ type: ['Comment', 'Project'] }, 'type is “Issue”, the rule wants “Comment” or “Project”'],
    [{ action: 'update' }, 'action is “create”, the rule wants “update”'],
    [{ state: 'Todo' }, 'state is “In Progress”, the rule wants “Todo”'],
    [{ team: 'OPS' }, 'team is “Engineering”, the rule wants “OPS”'],
    [
      { labels: { all: ['agent', 'ready', 'big'] } },
      'labels lack “ready” and “big”, which the rule wants',
    ],
    [{ labels: ['x', 'y'] }, 'labels have none of “x” or “y”'],
    [{ labels: { none: ['agent'] } }, 'labels have “agent”, which the rule does not want'],
  ])('with %j says why it does not match', (when, why) => {
    expect(whyNot(when)).toBe(why);
  });

  it('does not take what an event leaves untold for what it asks', () => {
    const comment = mapLinearPayload(
      delivery('Comment', 'create', { data: { issue: CHILD_ISSUE, body: 'x' } }),
    );
    expect(whyNot({ type: 'Comment', team: 'ENG' }, comment)).toBeNull();
    expect(whyNot({ state: 'Todo' }, comment)).toBe(
      'the event names no state, the rule wants “Todo”',
    );
    expect(whyNot({ labels: { none: ['x'] } }, comment)).toMatch(/does not tell the labels/);
    const cycle = mapLinearPayload(delivery('Cycle', 'create', { data: { id: 'x' } }));
    expect(whyNot({ type: 'Cycle' }, cycle)).toBe('the event is about no issue');
  });
});

describe('an update', () => {
  const PROGRESS = { state: ['In Progress', 'In Review'] };

  it('triggers by what it changed, not by what was so before', () => {
    expect(whyNot(PROGRESS, update({ stateId: 'state-1' }))).toBeNull();
    expect(whyNot(PROGRESS, update({ title: 'old' }))).toBe(
      'it matched before this event too, which changed nothing of “state”',
    );
    expect(whyNot({ ...PROGRESS, team: 'ENG' }, update({ teamId: 'team-0' }))).toBeNull();
    expect(whyNot(PROGRESS, update({ title: 'old' }), { repeat: true })).toBeNull();
    expect(whyNot({ action: 'update' }, update({ title: 'old' }))).toBeNull();
  });

  it('of labels triggers when they came to be as the rule asks', () => {
    const two = { labels: [...ISSUE.labels, { id: 'label-2', name: 'bug' }] };
    const when = (labels: unknown) => ({ labels });
    expect(whyNot(when('agent'), update({ labelIds: [] }))).toBeNull();
    expect(whyNot(when('agent'), update({ labelIds: ['label-1'] }, two))).toMatch(
      /before this event/,
    );
    expect(whyNot(when('agent'), update({ labelIds: ['label-2'] }, two))).toBeNull();
    expect(
      whyNot(when({ all: ['agent', 'bug'] }), update({ labelIds: ['label-1'] }, two)),
    ).toBeNull();
    expect(whyNot(when({ none: ['x'] }), update({ labelIds: ['label-9', 'label-1'] }))).toBeNull();
    expect(whyNot(when({ none: ['x'] }), update({ labelIds: [] }))).toMatch(/before this event/);
  });

  it('of an issue that is gone triggers only what asks for that', () => {
    const removed = mapLinearPayload(delivery('Issue', 'remove', { data: ISSUE }));
    const trashed = update({ trashed: null, stateId: 'x' }, { trashed: true });
    expect(whyNot({ state: 'In Progress' }, removed)).toBe('the issue was removed');
    expect(whyNot({ action: 'remove' }, removed)).toBeNull();
    expect(whyNot({ action: 'update' }, trashed)).toBe('the issue was removed');
  });

  it('ends the run of the rule whose state the issue left', () => {
    const rule = ruleFrom({ when: PROGRESS });
    const done = { state: { id: 'state-9', name: 'Done' } };
    expect(leftRule(rule, update({ stateId: 'state-2' }, done))).toBe(
      'the issue moved to “Done”, the rule rule-0 wants “In Progress” or “In Review”',
    );
    expect(leftRule(rule, update({ stateId: 'state-1' }))).toBeNull();
    expect(leftRule(ruleFrom({ when: { labels: 'agent' } }), update({}, done))).toBeNull();
    expect(leftRule({ ...rule, cancelOnLeave: false }, update({}, done))).toBeNull();
    const removed = mapLinearPayload(delivery('Issue', 'remove', { data: ISSUE }));
    expect(leftRule(ruleFrom({ when: { labels: 'x' } }), removed)).toBe('the issue was removed');
    const comment = delivery('Comment', 'create', { data: { issue: CHILD_ISSUE } });
    expect(leftRule(rule, mapLinearPayload(comment))).toBeNull();
  });
});

describe('rules in a row', () => {
  const states = ['Todo', 'In Progress', 'Done'];
  const when = fc.record(
    {
      state: fc.subarray(states, { minLength: 1 }),
      type: fc.constantFrom('Issue', 'Comment'),
      labels: fc.record(
        {
          any: fc.subarray(['agent', 'bug'], { minLength: 1 }),
          none: fc.constantFrom(['agent'], ['x']),
        },
        { requiredKeys: ['any'] },
      ),
      team: fc.constantFrom('ENG', 'OPS'),
    },
    { requiredKeys: ['type'] },
  );

  it('are asked in their order: the first that matches alone counts, and each says why', () => {
    fc.assert(
      fc.property(fc.array(when, { maxLength: 6 }), fc.constantFrom(...states), (all, name) => {
        const rules = rulesFrom(...all.map((one) => ({ when: one })));
        const data = { ...ISSUE, state: { id: 's', name } };
        const event = mapLinearPayload(delivery('Issue', 'create', { data }));
        const alone = rules.map((rule) => matchRules([rule], event).rule !== null);
        const { rule, considered } = matchRules(rules, event);
        expect(rule).toBe(rules[alone.indexOf(true)] ?? null);
        expect(considered.map((one) => one.rule)).toEqual(rules.map((one) => one.name));
        expect(considered.map(({ matched }) => matched)).toEqual(rules.map((one) => one === rule));
        for (const { why } of considered) expect(why).not.toBe('');
      }),
    );
  });

  it('take whatever a mapping makes of whatever JSON', () => {
    const rules = rulesFrom(
      { when: { type: 'Issue', state: 'x' } },
      { when: { labels: { all: ['a'], none: ['b'] } } },
      { when: { source: ['linear', 'github', 's'] } },
    );
    const issue = fc.dictionary(
      fc.constantFrom(...Object.keys(ISSUE)),
      fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })),
    );
    fc.assert(
      fc.property(issue, fc.jsonValue(), (data, updatedFrom) => {
        const events = [
          mapLinearPayload({ type: 'Issue', action: 'update', data, updatedFrom }),
          mapGithubPayload({ action: 'labeled', issue: data, repository: updatedFrom }, 'issues'),
          mapStandardPayload({ type: 'a.b', data }, 's'),
        ];
        for (const event of events) {
          expect(matchRules(rules, event).considered).toHaveLength(3);
          for (const rule of rules) expect(typeof leftRule(rule, event)).toMatch(/object|string/);
        }
      }),
    );
  });

  it('shorten what others wrote', () => {
    const long = mapLinearPayload(
      delivery('Issue', 'create', { data: { ...ISSUE, state: { name: 'x'.repeat(500) } } }),
    );
    expect(whyNot({ state: 'Todo' }, long)?.length).toBeLessThan(200);
  });
});
