/**
 * What an issue may be called. It becomes a directory's name, so it is ASCII, begins with a letter
 * or digit, and holds no separator; two names that a file system could take for one differ in more
 * than case only where the operator's file system does.
 */
export const ISSUE_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.|$)){0,63}$/;

export const ISSUE_RULE =
  'must be 1 to 64 letters, digits, "-", "_" or single "." and begin with a letter or digit';

export function isIssueKey(text: string): boolean {
  return ISSUE_PATTERN.test(text);
}
