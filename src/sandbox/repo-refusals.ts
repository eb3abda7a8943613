import type { DomainError } from '../kernel/domain-error.js';
import { controlUnavailable } from './control-unavailable.js';

const SETTING = 'codex.sandbox.protectRepoConfig';

/** The workspace holds more of what is to be protected than can be. */
export function tooMuch(what: string): DomainError {
  return controlUnavailable(
    SETTING,
    `the workspace has more than ${what}; make them fewer, or let the operator set it to false`,
  );
}

/** Git would take hooks and configuration from elsewhere. `path` is below the workspace. */
export function redirected(path: string): DomainError {
  return controlUnavailable(
    SETTING,
    `${shown(path)} makes git read another configuration than the one that is protected; remove it from the workspace`,
  );
}

/** What is written by another name of a file is in the file. */
export function hasSecondName(path: string): DomainError {
  return controlUnavailable(
    SETTING,
    `${shown(path)} has a second name (a hard link), by which it can be changed; put a copy in its place`,
  );
}

/** A sandbox may have made the name. */
function shown(path: string): string {
  return JSON.stringify(`/workspace/${path}`.slice(0, 200));
}
