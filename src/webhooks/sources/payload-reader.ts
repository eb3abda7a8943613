import type { EventIssue, Named } from '../rules/event.js';

export type Payload = Readonly<Record<string, unknown>>;

const EMPTY: Payload = {};

/** The members of an object; none of anything else. */
export function membersOf(value: unknown): Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Payload)
    : EMPTY;
}

export function hasMembers(value: unknown): boolean {
  return Object.keys(membersOf(value)).length > 0;
}

/** An own member: what a payload says, never what every object has. */
export function memberOf(value: unknown, name: string): unknown {
  const members = membersOf(value);
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

/** `null` for what is no text or an empty one. */
export function textAt(value: unknown, name: string): string | null {
  const member = memberOf(value, name);
  return typeof member === 'string' && member !== '' ? member : null;
}

/** A text, or a number as one, since ids are either. */
export function idAt(value: unknown, name: string): string | null {
  const member = memberOf(value, name);
  return typeof member === 'number' && Number.isFinite(member)
    ? String(member)
    : textAt(value, name);
}

export function listAt(value: unknown, name: string): readonly unknown[] | null {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member : null;
}

/** Milliseconds of an ISO-8601 time; `null` for anything else. */
export function timeAt(value: unknown, name: string): number | null {
  const text = textAt(value, name);
  const ms = text === null || text.length > 64 ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * What a member names: an object with a name of its own, or a text. `aliases` are names of further
 * members by which it may be meant.
 */
export function namedOf(
  member: unknown,
  aliases: readonly string[] = [],
  nameAt = 'name',
): Named | null {
  if (typeof member === 'string') {
    return member === '' ? null : { name: member, id: null, aliases: [] };
  }
  const known = aliases.map((alias) => textAt(member, alias)).filter((one) => one !== null);
  const name = textAt(member, nameAt) ?? known[0];
  return name === undefined ? null : { name, id: idAt(member, 'id'), aliases: known };
}

export function namedList(members: readonly unknown[]): Named[] {
  return members.map((member) => namedOf(member)).filter((one) => one !== null);
}

/** An issue under the names that Linear gives its members, which the standard format shares. */
export function issueAt(issue: unknown, priority: string | null): EventIssue | null {
  const identifier = textAt(issue, 'identifier');
  if (identifier === null) return null;
  const labels = listAt(issue, 'labels');
  return {
    identifier,
    title: textAt(issue, 'title'),
    description: textAt(issue, 'description'),
    url: textAt(issue, 'url'),
    state: namedOf(memberOf(issue, 'state')),
    labels: labels === null ? null : namedList(labels),
    team: namedOf(memberOf(issue, 'team'), ['key']),
    project: namedOf(memberOf(issue, 'project')),
    assignee: namedOf(memberOf(issue, 'assignee'), ['email']),
    priority,
  };
}
