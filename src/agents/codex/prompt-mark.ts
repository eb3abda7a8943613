/**
 * What marks a prompt of ours in Codex's own history of a thread (`clientUserMessageId`), so that a
 * new process of Codex can be asked whether it has it.
 */
export function promptMark(runId: string, turn: number, attempt: number): string {
  return `${marksOfTurn(runId, turn)}${String(attempt)}`;
}

/** With which attempt a turn must go on, from the marks of the thread's last turn; 0: its first. */
export function nextAttempt(runId: string, turn: number, marks: readonly string[]): number {
  const start = marksOfTurn(runId, turn);
  const attempts = marks
    .filter((mark) => mark.startsWith(start))
    .map((mark) => Number(mark.slice(start.length)))
    .filter((attempt) => Number.isSafeInteger(attempt) && attempt >= 0);
  return attempts.length === 0 ? 0 : Math.max(...attempts) + 1;
}

function marksOfTurn(runId: string, turn: number): string {
  return `risoluto/${runId}/${String(turn)}/`;
}
