import { createHash } from 'node:crypto';

import { readCommandQuestion, readFileQuestion } from './wire.js';
import type { WorkInHand } from './work-in-hand.js';

const COMMAND = 'item/commandExecution/requestApproval';
const FILE_CHANGE = 'item/fileChange/requestApproval';
const MOST_TEXT = 256 * 1024;

/** Whether a request of the app-server's asks a person to approve something. */
export function isApproval(method: string): boolean {
  return method === COMMAND || method === FILE_CHANGE;
}

export type QuestionKind = 'command' | 'file_change';

/** A request of the app-server's. */
export interface AskedOnWire {
  readonly method: string;
  readonly params: unknown;
}

/** What Codex asks for, as a person is shown it. */
export interface ReadQuestion {
  readonly kind: QuestionKind;
  /**
   * Names the question in every life of the service: Codex counts its requests anew in each process.
   * Other where anything else is asked, since the names that items have are the model's to choose.
   */
  readonly key: string;
  readonly text: string;
}

/** `null` for a request that is no approval, or makes no sense. */
export function readQuestion(
  { method, params }: AskedOnWire,
  working: Readonly<Record<string, WorkInHand>>,
): ReadQuestion | null {
  if (method === COMMAND) {
    const read = readCommandQuestion(params);
    if (read === null) return null;
    const { turnId, itemId, approvalId, command, cwd, reason } = read;
    const lines = [`$ ${command ?? ''}`, ...mention('in', cwd), ...mention('because:', reason)];
    const text = lines.join('\n');
    return { kind: 'command', key: keyOf([turnId, itemId, approvalId, text]), text: cut(text) };
  }
  if (method !== FILE_CHANGE) return null;
  const read = readFileQuestion(params);
  if (read === null) return null;
  const { turnId, itemId, reason, grantRoot } = read;
  const item = working[itemId];
  const lines = [
    ...(item === undefined ? [] : [item.text]),
    ...mention('below', grantRoot),
    ...mention('because:', reason),
  ];
  const text = lines.join('\n');
  return { kind: 'file_change', key: keyOf([turnId, itemId, item?.digest, text]), text: cut(text) };
}

function keyOf(parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest('hex');
}

/** Far more than is shown: a secret that is cut in two would not be known again. */
function cut(text: string): string {
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT)}\n[cut]`;
}

/** For a person. */
export function questionText(
  question: AskedOnWire,
  working: Readonly<Record<string, WorkInHand>>,
): string {
  return `Codex asks to be allowed:\n${readQuestion(question, working)?.text ?? ''}`;
}

function mention(word: string, value: string | null | undefined): string[] {
  return typeof value === 'string' && value !== '' ? [`${word} ${value}`] : [];
}
