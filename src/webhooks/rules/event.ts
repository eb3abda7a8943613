/** Something that an event names, and every other spelling by which a rule may mean it. */
export interface Named {
  /** For people, and for templates. */
  readonly name: string;
  /** The source's own id. */
  readonly id: string | null;
  /** A team's key, a person's e-mail address or login. */
  readonly aliases: readonly string[];
}

/** The issue of an event, as far as the event tells. */
export interface EventIssue {
  /** Unique in the source; names the workspace where it is a right name for one. */
  readonly identifier: string;
  readonly title: string | null;
  readonly description: string | null;
  readonly url: string | null;
  readonly state: Named | null;
  /** `null`: the event does not tell; an issue without labels has none. */
  readonly labels: readonly Named[] | null;
  readonly team: Named | null;
  readonly project: Named | null;
  readonly assignee: Named | null;
  /** As people read it: `Urgent`. */
  readonly priority: string | null;
}

export type IssueField = 'state' | 'labels' | 'team' | 'project' | 'assignee';

/** What the event changed of its issue. */
export interface EventChange {
  /** Of the fields that rules ask about, those with another value than before. */
  readonly fields: ReadonlySet<IssueField>;
  /** The ids of the labels before; `null` where the event does not tell, or did not change them. */
  readonly labelIds: readonly string[] | null;
}

/** What a delivery says, in the same words whatever sent it. */
export interface WebhookEvent {
  /** `linear`, `github`, or the name of a source. */
  readonly source: string;
  /** What it is about, in the source's own words: `Issue`, `issue_comment`. */
  readonly type: string;
  /** In the source's own words: `update`, `opened`; empty where there is none. */
  readonly action: string;
  /** Of the thing that it is about: the issue, the comment. */
  readonly entityId: string | null;
  /**
   * The issue, as its deliveries are put in order by, where the event tells the issue's own state;
   * `null`: it is about something else of the issue, or about none.
   */
  readonly stateOf: string | null;
  /** By the sender's clock. */
  readonly occurredAtMs: number | null;
  /** What somebody wrote: the body of a comment. */
  readonly text: string | null;
  /** `null`: it is about no issue, and starts nothing. */
  readonly issue: EventIssue | null;
  /** `null`: the event does not tell what it changed. */
  readonly changed: EventChange | null;
  /** The issue is gone: removed, or put into the bin. */
  readonly removed: boolean;
}
