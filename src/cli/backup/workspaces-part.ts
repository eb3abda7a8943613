import type { Manifest, WorkspacesPart } from './manifest.js';

/** What a backup says of workspaces; `null` for one that was made without them. */
export function workspacesOf(manifest: Manifest): WorkspacesPart | null {
  return 'workspaces' in manifest ? manifest.workspaces : null;
}
