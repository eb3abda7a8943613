/** When Codex asks before it acts; settings and requests, from the one that asks least. */
export const APPROVAL_POLICIES = ['never', 'on-request', 'untrusted'] as const;

export type ApprovalPolicy = (typeof APPROVAL_POLICIES)[number];
