import { createHash } from 'node:crypto';

import { isIssueKey } from '../../workspaces/issue-key.js';
import type { EventChange, EventIssue, IssueField, Named, WebhookEvent } from '../rules/event.js';
import { idAt, listAt, memberOf, namedList, namedOf, textAt, timeAt } from './payload-reader.js';

/** Of actions that say what they changed; of the others nothing is known. */
const FIELDS_OF_ACTION: ReadonlyMap<string, readonly IssueField[]> = new Map([
  ['labeled', ['labels']],
  ['unlabeled', ['labels']],
  ['assigned', ['assignee']],
  ['unassigned', ['assignee']],
  ['closed', ['state']],
  ['reopened', ['state']],
  ['milestoned', ['project']],
  ['demilestoned', ['project']],
  ...['edited', 'locked', 'unlocked', 'pinned', 'unpinned'].map((action): [string, []] => [
    action,
    [],
  ]),
] satisfies [string, IssueField[]][]);

/**
 * GitHub's delivery as an event; `type` is its `X-GitHub-Event`. Total. `issues`, `issue_comment`,
 * `pull_request` and its reviews carry an issue (a pull request is one); `push` and all others none.
 * The repository counts as the team, the milestone as the project; the state is `open` or `closed`.
 */
export function mapGithubPayload(payload: unknown, type: string): WebhookEvent {
  const action = textAt(payload, 'action') ?? '';
  const issue = memberOf(payload, 'issue') ?? memberOf(payload, 'pull_request');
  const said = memberOf(payload, 'comment') ?? memberOf(payload, 'review');
  const ownIssue = type === 'issues' || type === 'pull_request';
  return {
    source: 'github',
    type,
    action,
    entityId: idAt(said, 'id') ?? idAt(issue, 'id') ?? textAt(payload, 'after'),
    stateOf: ownIssue && idAt(issue, 'id') !== null ? `${type}:${idAt(issue, 'id')}` : null,
    occurredAtMs: timeOf(payload, said, issue),
    text: textAt(said, 'body'),
    issue: issueOf(issue, memberOf(payload, 'repository')),
    changed: ownIssue ? changeOf(payload, issue, action) : null,
    removed: ownIssue && (action === 'deleted' || action === 'transferred'),
  };
}

function timeOf(payload: unknown, said: unknown, issue: unknown): number | null {
  return (
    timeAt(said, 'updated_at') ??
    timeAt(said, 'submitted_at') ??
    timeAt(issue, 'updated_at') ??
    timeAt(memberOf(payload, 'head_commit'), 'timestamp')
  );
}

function issueOf(issue: unknown, repository: unknown): EventIssue | null {
  const number = memberOf(issue, 'number');
  const fullName = textAt(repository, 'full_name');
  if (fullName === null || typeof number !== 'number' || !Number.isSafeInteger(number)) return null;
  return {
    identifier: identifierOf(fullName, number),
    title: textAt(issue, 'title'),
    description: textAt(issue, 'body'),
    url: textAt(issue, 'html_url'),
    state: namedOf(memberOf(issue, 'state')),
    labels: labelsOf(issue),
    team: { name: fullName, id: idAt(repository, 'id'), aliases: nameOf(repository) },
    project: namedOf(memberOf(issue, 'milestone'), ['title'], 'title'),
    assignee: namedOf(memberOf(issue, 'assignee'), ['login'], 'login'),
    priority: null,
  };
}

function nameOf(repository: unknown): string[] {
  const name = textAt(repository, 'name');
  return name === null ? [] : [name];
}

function labelsOf(issue: unknown): Named[] | null {
  const labels = listAt(issue, 'labels');
  return labels === null ? null : namedList(labels);
}

/**
 * `owner.repository-12`: an owner's name has no dot, so that no two issues share a name. Where that is
 * no right name of a workspace, what fits and a hash of the whole stand for it.
 */
function identifierOf(fullName: string, number: number): string {
  const plain = `${fullName.replace('/', '.')}-${number}`;
  if (isIssueKey(plain)) return plain;
  const hash = createHash('sha256').update(fullName).digest('hex').slice(0, 16);
  const start = fullName
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 20);
  return `${start === '' ? 'gh' : start}_${hash}-${number}`;
}

function changeOf(payload: unknown, issue: unknown, action: string): EventChange | null {
  const fields = FIELDS_OF_ACTION.get(action);
  if (fields === undefined) return null;
  const labelIds = fields.includes('labels') ? labelIdsBefore(payload, issue, action) : null;
  return { fields: new Set(fields), labelIds };
}

function labelIdsBefore(payload: unknown, issue: unknown, action: string): string[] | null {
  const label = idAt(memberOf(payload, 'label'), 'id');
  const labels = labelsOf(issue);
  if (label === null || labels === null) return null;
  const others = labels.map(({ id }) => id).filter((id) => id !== null && id !== label);
  return action === 'unlabeled' ? [...(others as string[]), label] : (others as string[]);
}
