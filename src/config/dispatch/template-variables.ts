/** One text, or several that a template must join. */
export type VariableKind = 'text' | 'list';

/** Every variable that a template of a dispatch rule may name, and what it holds. */
export const TEMPLATE_VARIABLES: ReadonlyMap<string, VariableKind> = new Map([
  ['event.source', 'text'],
  ['event.type', 'text'],
  ['event.action', 'text'],
  ['event.entityId', 'text'],
  ['event.occurredAt', 'text'],
  ['event.text', 'text'],
  ['issue.identifier', 'text'],
  ['issue.title', 'text'],
  ['issue.description', 'text'],
  ['issue.url', 'text'],
  ['issue.state', 'text'],
  ['issue.labels', 'list'],
  ['issue.team', 'text'],
  ['issue.project', 'text'],
  ['issue.assignee', 'text'],
  ['issue.priority', 'text'],
]);

/** What templates are rendered with, by path; what the event does not say is not in it. */
export type TemplateValues = ReadonlyMap<string, string | readonly string[]>;
