/**
 * Bodies in the shapes of `@linear/sdk` 98 (`LinearWebhookPayload`), one for each kind of event that its
 * types know and for two that they do not, with the members that those types require.
 */
const TEAM = { id: 'team-1', key: 'ENG', name: 'Engineering' };
const USER = {
  id: 'user-1',
  name: 'Ada',
  email: 'ada@example.com',
  url: 'https://linear.app/acme/profiles/ada',
};
const PROJECT = {
  id: 'project-1',
  name: 'Website',
  url: 'https://linear.app/acme/project/website',
};
const TIMES = { createdAt: '2026-11-26T09:00:00.000Z', updatedAt: '2026-11-26T10:00:00.000Z' };

export const CHILD_ISSUE = {
  id: 'issue-1',
  identifier: 'ENG-42',
  title: 'Build fails',
  url: 'https://linear.app/acme/issue/ENG-42',
  team: TEAM,
  teamId: TEAM.id,
};

export const ISSUE = {
  ...CHILD_ISSUE,
  ...TIMES,
  description: 'It says **no**.',
  number: 42,
  priority: 1,
  priorityLabel: 'Urgent',
  prioritySortOrder: 0,
  sortOrder: 0,
  state: { id: 'state-2', name: 'In Progress', type: 'started', color: '#fff' },
  stateId: 'state-2',
  labels: [{ id: 'label-1', name: 'agent', color: '#fff' }],
  labelIds: ['label-1'],
  assignee: USER,
  assigneeId: USER.id,
  project: PROJECT,
  projectId: PROJECT.id,
  previousIdentifiers: [],
  subscriberIds: [],
  reactionData: [],
  releases: [],
};

const COMMENT = { id: 'comment-1', body: '/build', issueId: 'issue-1', userId: USER.id, ...TIMES };

/** A delivery of `type`; `rest` has what it is about. */
export function delivery(type: string, action: string, rest: object): Record<string, unknown> {
  return {
    type,
    action,
    createdAt: '2026-11-26T10:00:00.000Z',
    organizationId: 'org-1',
    webhookId: 'webhook-1',
    webhookTimestamp: 1_795_687_200_000,
    ...rest,
  };
}

/** An update of the issue that had other values before. */
export function issueUpdate(updatedFrom: object, issue: object = {}): Record<string, unknown> {
  return delivery('Issue', 'update', { data: { ...ISSUE, ...issue }, updatedFrom, actor: USER });
}

interface Kind {
  payload: Record<string, unknown>;
  /** Whether Linear tells its issue. */
  ofIssue: boolean;
}

const entity = (type: string, data: object, ofIssue = false): Kind => ({
  payload: delivery(type, 'create', { data: { id: 'entity-1', ...TIMES, ...data } }),
  ofIssue,
});

export const EVERY_KIND: readonly Kind[] = [
  ...['create', 'update', 'remove'].map((action) => ({
    payload: delivery('Issue', action, { data: ISSUE, updatedFrom: { stateId: 'state-1' } }),
    ofIssue: true,
  })),
  entity('Comment', { ...COMMENT, issue: CHILD_ISSUE, user: USER }, true),
  entity('Comment', { body: 'on a document', documentContentId: 'doc-1' }),
  entity('Reaction', { emoji: '+1', issue: CHILD_ISSUE, issueId: 'issue-1' }, true),
  entity('Reaction', { emoji: '+1', comment: COMMENT, commentId: 'comment-1' }),
  entity('Attachment', {
    issueId: 'issue-1',
    title: 'x',
    url: 'https://example.com',
    metadata: {},
  }),
  entity('AuditEntry', { type: 'login', organizationId: 'org-1' }),
  entity('Customer', { name: 'Initech', domains: [], externalIds: [] }),
  entity('CustomerNeed', { issue: CHILD_ISSUE, body: 'please', priority: 0 }, true),
  entity('Cycle', { number: 3, teamId: TEAM.id }),
  entity('Document', { title: 'Plan', slugId: 'x' }),
  entity('Initiative', { name: 'North', slugId: 'x' }),
  entity('InitiativeUpdate', { body: 'fine', health: 'onTrack' }),
  entity('IssueLabel', { name: 'agent', color: '#fff' }),
  entity('Project', { ...PROJECT, state: 'started', teamIds: [TEAM.id] }),
  entity('ProjectUpdate', { body: 'fine', health: 'onTrack', project: PROJECT }),
  entity('User', USER),
  entity('Release', { name: '1.0' }),
  {
    payload: delivery('IssueSLA', 'breached', { issueData: ISSUE, url: CHILD_ISSUE.url }),
    ofIssue: true,
  },
  { payload: delivery('OAuthApp', 'revoked', { oauthClientId: 'client-1' }), ofIssue: false },
  {
    payload: delivery('AppUserNotification', 'issueAssignedToYou', {
      appUserId: 'app-1',
      oauthClientId: 'client-1',
      notification: { id: 'n-1', type: 'issueAssignedToYou', issue: CHILD_ISSUE, ...TIMES },
    }),
    ofIssue: true,
  },
  {
    payload: delivery('PermissionChange', 'teamAccessChanged', {
      appUserId: 'app-1',
      oauthClientId: 'client-1',
      canAccessAllPublicTeams: true,
      addedTeamIds: [],
      removedTeamIds: [],
    }),
    ofIssue: false,
  },
  {
    payload: delivery('AgentSessionEvent', 'created', {
      appUserId: 'app-1',
      oauthClientId: 'client-1',
      agentSession: { id: 's-1', status: 'active', issue: CHILD_ISSUE, comment: COMMENT, ...TIMES },
    }),
    ofIssue: true,
  },
  entity('SomethingNew', { name: 'of next year' }),
];
