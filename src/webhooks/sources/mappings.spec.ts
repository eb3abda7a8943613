import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  CHILD_ISSUE,
  delivery,
  EVERY_KIND,
  ISSUE,
  issueUpdate,
} from '../../../test/webhooks/linear-payloads.js';
import { isIssueKey } from '../../workspaces/issue-key.js';
import type { WebhookEvent } from '../rules/event.js';
import { mapGithubPayload } from './github-event.js';
import { mapLinearPayload } from './linear-event.js';
import { mapStandardPayload } from './standard-event.js';

const TEAM = { name: 'Engineering', id: 'team-1', aliases: ['ENG'] };

describe("Linear's deliveries", () => {
  it('carry their issue, of every kind that the SDK knows and that is about one', () => {
    for (const { payload, ofIssue } of EVERY_KIND) {
      const event = mapLinearPayload(payload);
      const kind = `${String(payload.type)} ${String(payload.action)}`;
      expect(event, kind).toMatchObject({ source: 'linear', type: payload.type });
      expect(event.issue?.identifier, kind).toBe(ofIssue ? 'ENG-42' : undefined);
      expect(event.occurredAtMs, kind).toBe(Date.parse('2026-11-26T10:00:00.000Z'));
    }
  });

  it('tell of an issue all that rules and templates ask for', () => {
    expect(mapLinearPayload(issueUpdate({ stateId: 'state-1', updatedAt: 'x' }))).toEqual({
      source: 'linear',
      type: 'Issue',
      action: 'update',
      entityId: 'issue-1',
      stateOf: 'Issue:issue-1',
      occurredAtMs: Date.parse('2026-11-26T10:00:00.000Z'),
      text: null,
      issue: {
        identifier: 'ENG-42',
        title: 'Build fails',
        description: 'It says **no**.',
        url: 'https://linear.app/acme/issue/ENG-42',
        state: { name: 'In Progress', id: 'state-2', aliases: [] },
        labels: [{ name: 'agent', id: 'label-1', aliases: [] }],
        team: TEAM,
        project: { name: 'Website', id: 'project-1', aliases: [] },
        assignee: { name: 'Ada', id: 'user-1', aliases: ['ada@example.com'] },
        priority: 'Urgent',
      },
      changed: { fields: new Set(['state']), labelIds: null },
      removed: false,
    } satisfies WebhookEvent);
  });

  it('tell of a comment what was written, and of its issue what Linear tells', () => {
    const data = { id: 'comment-1', body: '/build', issue: CHILD_ISSUE };
    const event = mapLinearPayload(delivery('Comment', 'create', { data }));
    expect(event).toMatchObject({ entityId: 'comment-1', text: '/build', changed: null });
    expect(event.issue).toMatchObject({ team: TEAM, state: null, labels: null, assignee: null });
  });

  it('say that an issue is gone when it was removed or put into the bin', () => {
    const removed = (payload: unknown) => mapLinearPayload(payload).removed;
    expect(removed(delivery('Issue', 'remove', { data: ISSUE }))).toBe(true);
    expect(removed(issueUpdate({ trashed: null }, { trashed: true }))).toBe(true);
    expect(removed(issueUpdate({ title: 'x' }))).toBe(false);
    expect(removed(delivery('Comment', 'remove', { data: { issue: CHILD_ISSUE } }))).toBe(false);
  });

  it('fall back on when they were sent', () => {
    expect(mapLinearPayload({ webhookTimestamp: 17 }).occurredAtMs).toBe(17);
  });
});

const REPOSITORY = { id: 7, name: 'site', full_name: 'acme/site' };
const GITHUB_ISSUE = {
  id: 99,
  number: 12,
  title: 'Build fails',
  body: null,
  html_url: 'https://github.com/acme/site/issues/12',
  state: 'open',
  labels: [
    { id: 1, name: 'agent' },
    { id: 2, name: 'bug' },
  ],
  assignee: { id: 3, login: 'ada' },
  milestone: { id: 4, title: 'v1' },
  updated_at: '2026-11-26T10:00:00Z',
};

describe("GitHub's deliveries", () => {
  it('carry issues and pull requests as issues, and nothing else', () => {
    const issues = {
      action: 'labeled',
      issue: GITHUB_ISSUE,
      label: { id: 2 },
      repository: REPOSITORY,
    };
    expect(mapGithubPayload(issues, 'issues')).toEqual({
      source: 'github',
      type: 'issues',
      action: 'labeled',
      entityId: '99',
      stateOf: 'issues:99',
      occurredAtMs: Date.parse('2026-11-26T10:00:00Z'),
      text: null,
      issue: {
        identifier: 'acme.site-12',
        title: 'Build fails',
        description: null,
        url: 'https://github.com/acme/site/issues/12',
        state: { name: 'open', id: null, aliases: [] },
        labels: [
          { name: 'agent', id: '1', aliases: [] },
          { name: 'bug', id: '2', aliases: [] },
        ],
        team: { name: 'acme/site', id: '7', aliases: ['site'] },
        project: { name: 'v1', id: '4', aliases: ['v1'] },
        assignee: { name: 'ada', id: '3', aliases: ['ada'] },
        priority: null,
      },
      changed: { fields: new Set(['labels']), labelIds: ['1'] },
      removed: false,
    } satisfies WebhookEvent);
    const comment = {
      action: 'created',
      issue: GITHUB_ISSUE,
      comment: { id: 5, body: '/build', updated_at: '2026-11-26T11:00:00Z' },
      repository: REPOSITORY,
    };
    expect(mapGithubPayload(comment, 'issue_comment')).toMatchObject({
      entityId: '5',
      text: '/build',
      issue: { identifier: 'acme.site-12' },
      changed: null,
      occurredAtMs: Date.parse('2026-11-26T11:00:00Z'),
    });
    const pull = { action: 'opened', pull_request: GITHUB_ISSUE, repository: REPOSITORY };
    expect(mapGithubPayload(pull, 'pull_request').issue?.identifier).toBe('acme.site-12');
    const push = { ref: 'refs/heads/main', after: 'abc', repository: REPOSITORY };
    expect(mapGithubPayload(push, 'push')).toMatchObject({
      issue: null,
      entityId: 'abc',
      action: '',
    });
  });

  it('tell which labels there were before one came or went', () => {
    const before = (action: string, label: number) =>
      mapGithubPayload(
        { action, issue: GITHUB_ISSUE, label: { id: label }, repository: REPOSITORY },
        'issues',
      ).changed?.labelIds;
    expect(before('labeled', 1)).toEqual(['2']);
    expect(before('unlabeled', 9)).toEqual(['1', '2', '9']);
  });

  it('give each issue a name of its own that a workspace can have', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9._-]{1,100}$/);
    const owner = fc.stringMatching(/^[A-Za-z0-9](-?[A-Za-z0-9]){0,38}$/);
    const seen = new Map<string, string>();
    fc.assert(
      fc.property(owner, part, fc.nat(), (organisation, name, number) => {
        const repository = { full_name: `${organisation}/${name}` };
        const event = mapGithubPayload({ issue: { number }, repository }, 'issues');
        const identifier = event.issue?.identifier ?? '';
        expect(isIssueKey(identifier), identifier).toBe(true);
        const whole = `${organisation}/${name}#${number}`;
        expect(seen.get(identifier) ?? whole).toBe(whole);
        seen.set(identifier, whole);
      }),
    );
  });
});

describe('deliveries in the shape of Standard Webhooks', () => {
  it('carry an issue whose members are texts or objects', () => {
    const data = {
      id: 'e-1',
      issue: {
        identifier: 'OPS-1',
        title: 'x',
        state: 'open',
        labels: ['a', { id: 5, name: 'b' }],
      },
      changed: ['labels', 'colour'],
    };
    const payload = { type: 'tracker.issue.updated', timestamp: '2026-11-26T10:00:00Z', data };
    expect(mapStandardPayload(payload, 'tracker')).toMatchObject({
      source: 'tracker',
      type: 'tracker.issue',
      action: 'updated',
      entityId: 'e-1',
      occurredAtMs: Date.parse('2026-11-26T10:00:00Z'),
      issue: {
        identifier: 'OPS-1',
        state: { name: 'open' },
        labels: [{ name: 'a' }, { name: 'b', id: '5' }],
        team: null,
      },
      changed: { fields: new Set(['labels']), labelIds: null },
      removed: false,
    });
    expect(mapStandardPayload({ type: 'ping', data: { removed: true } }, 's')).toMatchObject({
      type: 'ping',
      action: '',
      issue: null,
      removed: true,
    });
  });
});

describe('every mapping', () => {
  const anyJson = fc.oneof(fc.jsonValue(), fc.anything());

  it('takes whatever there is', () => {
    fc.assert(
      fc.property(anyJson, fc.string(), (payload, word) => {
        for (const event of [
          mapLinearPayload(payload),
          mapGithubPayload(payload, word),
          mapStandardPayload(payload, word),
        ]) {
          expect(event).toHaveProperty('issue');
        }
      }),
    );
  });

  it('takes a real payload in which any member is something else', () => {
    const names = [...Object.keys(ISSUE), '__proto__', 'constructor'];
    fc.assert(
      fc.property(fc.constantFrom(...names), anyJson, (name, value) => {
        const payload = issueUpdate({ [name]: value }, Object.fromEntries([[name, value]]));
        const { issue } = mapLinearPayload(payload);
        const named = [issue?.state, issue?.team, issue?.project, issue?.assignee];
        for (const one of [...named, ...(issue?.labels ?? [])]) {
          expect(typeof (one?.name ?? '')).toBe('string');
        }
        for (const text of [issue?.title, issue?.description, issue?.url, issue?.priority]) {
          expect(typeof (text ?? '')).toBe('string');
        }
      }),
    );
  });
});
