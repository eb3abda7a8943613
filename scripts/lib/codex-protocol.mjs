/**
 * The types of the app-server's protocol that the service uses, out of all that
 * `codex app-server generate-ts` writes: these and whatever they refer to.
 */
export const PROTOCOL_ROOTS = [
  'InitializeParams',
  'InitializeResponse',
  'RequestId',
  'v2/CommandExecutionRequestApprovalParams',
  'v2/CommandExecutionRequestApprovalResponse',
  'v2/ErrorNotification',
  'v2/FileChangeRequestApprovalParams',
  'v2/FileChangeRequestApprovalResponse',
  'v2/ItemCompletedNotification',
  'v2/ItemStartedNotification',
  'v2/ServerRequestResolvedNotification',
  'v2/ThreadCompactStartParams',
  'v2/ThreadReadParams',
  'v2/ThreadReadResponse',
  'v2/ThreadResumeParams',
  'v2/ThreadResumeResponse',
  'v2/ThreadStartParams',
  'v2/ThreadStartResponse',
  'v2/ThreadTokenUsageUpdatedNotification',
  'v2/ThreadTurnsListParams',
  'v2/ThreadTurnsListResponse',
  'v2/TurnCompletedNotification',
  'v2/TurnInterruptParams',
  'v2/TurnPlanUpdatedNotification',
  'v2/TurnStartParams',
  'v2/TurnStartResponse',
  'v2/TurnStartedNotification',
  'v2/TurnSteerParams',
  'v2/TurnSteerResponse',
  'v2/WarningNotification',
];

const IMPORT = /from "(\.[^"]+)"/g;

/**
 * What of the generated files is kept: name without ending to text. The text is the generator's, but
 * for the ending that Node's module resolution wants on a relative import.
 *
 * @param {(name: string) => string} read the generated text of a file, by its name without `.ts`
 * @returns {Map<string, string>} by name, sorted
 */
export function keptProtocol(read, roots = PROTOCOL_ROOTS) {
  const kept = new Map();
  const left = [...roots];
  while (left.length > 0) {
    const name = left.pop();
    if (kept.has(name)) continue;
    const text = read(name);
    const folder = name.includes('/') ? name.slice(0, name.lastIndexOf('/') + 1) : '';
    for (const [, path] of text.matchAll(IMPORT)) {
      left.push(new URL(path, `file:///${folder}`).pathname.slice(1));
    }
    kept.set(name, text.replaceAll(IMPORT, 'from "$1.js"'));
  }
  return new Map([...kept].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
