import type { LinearWebhookEventType, LinearWebhookEventTypeMap } from '@linear/sdk/webhooks';

const AT = '2026-11-26T10:00:00.000Z';
const SENT = Date.parse(AT) + 250;

const TEAM = { id: 'team-1', key: 'ENG', name: 'Engineering' };
const CHILD = {
  id: 'issue-1',
  identifier: 'ENG-42',
  team: TEAM,
  teamId: 'team-1',
  title: 'Build fails',
  url: 'https://linear.app/acme/issue/ENG-42',
};
const base = (id: string) => ({ id, createdAt: AT, updatedAt: AT });

const ISSUE: LinearWebhookEventTypeMap['Issue']['data'] = {
  ...base('issue-1'),
  identifier: 'ENG-42',
  labelIds: ['label-1'],
  labels: [{ id: 'label-1', color: '#fff', name: 'agent' }],
  number: 42,
  previousIdentifiers: [],
  priority: 1,
  priorityLabel: 'Urgent',
  prioritySortOrder: 1,
  reactionData: {},
  releases: [],
  sortOrder: 1,
  state: { id: 'state-2', color: '#fff', name: 'In Progress', type: 'started' },
  stateId: 'state-2',
  subscriberIds: [],
  team: TEAM,
  teamId: 'team-1',
  title: 'Build fails',
  url: 'https://linear.app/acme/issue/ENG-42',
};

/** Everything that a delivery of an entity has around its data. */
function entity<T extends string, D>(type: T, data: D) {
  return {
    ...{ type, data, action: 'update', createdAt: new Date(AT), organizationId: 'org-1' },
    ...{ webhookId: 'webhook-1', webhookTimestamp: SENT },
  };
}

function event<T extends string, M extends object>(type: T, action: string, more: M) {
  return {
    ...{ type, action, createdAt: new Date(AT), organizationId: 'org-1' },
    ...{ webhookId: 'webhook-1', webhookTimestamp: SENT, oauthClientId: 'client-1' },
    ...{ appUserId: 'user-9' },
    ...more,
  };
}

type Data<T extends LinearWebhookEventType> = LinearWebhookEventTypeMap[T] extends { data: infer D }
  ? D
  : never;

/**
 * One delivery of every event that the SDK knows: the keys are checked to be complete by its types,
 * and so are the parts of each that the inbox reads.
 */
export const LINEAR_EVENTS: Readonly<Record<LinearWebhookEventType, object>> = {
  Issue: entity('Issue', ISSUE) satisfies Partial<LinearWebhookEventTypeMap['Issue']>,
  Comment: entity('Comment', {
    ...base('comment-1'),
    body: '/build',
    issue: CHILD,
    issueId: 'issue-1',
    reactionData: {},
  } satisfies Data<'Comment'>),
  Reaction: entity('Reaction', {
    ...base('reaction-1'),
    emoji: '+1',
    issue: CHILD,
  } satisfies Data<'Reaction'>),
  Attachment: entity('Attachment', {
    ...base('attachment-1'),
    groupBySource: false,
    issueId: 'issue-1',
    metadata: {},
    title: 'log',
    url: 'https://example.com/log',
  } satisfies Data<'Attachment'>),
  Document: entity('Document', {
    ...base('document-1'),
    slugId: 'slug',
    sortOrder: 1,
    title: 'Plan',
  } satisfies Data<'Document'>),
  AuditEntry: entity('AuditEntry', base('audit-1') satisfies Partial<Data<'AuditEntry'>>),
  Customer: entity('Customer', base('customer-1') satisfies Partial<Data<'Customer'>>),
  CustomerNeed: entity('CustomerNeed', {
    ...base('need-1'),
    issue: CHILD,
  } satisfies Partial<Data<'CustomerNeed'>>),
  Cycle: entity('Cycle', base('cycle-1') satisfies Partial<Data<'Cycle'>>),
  Initiative: entity('Initiative', base('initiative-1') satisfies Partial<Data<'Initiative'>>),
  InitiativeUpdate: entity(
    'InitiativeUpdate',
    base('update-1') satisfies Partial<Data<'InitiativeUpdate'>>,
  ),
  IssueLabel: entity('IssueLabel', base('label-1') satisfies Partial<Data<'IssueLabel'>>),
  Project: entity('Project', base('project-1') satisfies Partial<Data<'Project'>>),
  ProjectUpdate: entity(
    'ProjectUpdate',
    base('project-update-1') satisfies Partial<Data<'ProjectUpdate'>>,
  ),
  User: entity('User', base('user-1') satisfies Partial<Data<'User'>>),
  IssueSLA: event('IssueSLA', 'breached', { issueData: ISSUE }) satisfies Partial<
    LinearWebhookEventTypeMap['IssueSLA']
  >,
  OAuthApp: event('OAuthApp', 'revoked', {}) satisfies Partial<
    LinearWebhookEventTypeMap['OAuthApp']
  >,
  PermissionChange: event('PermissionChange', 'teamAccessChanged', {
    addedTeamIds: ['team-1'],
    removedTeamIds: [],
    canAccessAllPublicTeams: false,
  }) satisfies Partial<LinearWebhookEventTypeMap['PermissionChange']>,
  AppUserNotification: event('AppUserNotification', 'issueAssignedToYou', {
    notification: { ...base('notification-1'), issue: CHILD },
  }),
  AgentSessionEvent: event('AgentSessionEvent', 'created', {
    agentSession: { ...base('session-1'), issue: CHILD },
  }),
};

/** Those that are about an issue and name it. */
export const ABOUT_AN_ISSUE: readonly LinearWebhookEventType[] = [
  ...(['Issue', 'Comment', 'Reaction', 'CustomerNeed'] as const),
  ...(['IssueSLA', 'AppUserNotification', 'AgentSessionEvent'] as const),
];
