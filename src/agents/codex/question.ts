import type { OpenQuestion } from './conversation.js';
import { eventsOfItem } from './item-events.js';
import { readCommandQuestion, readFileQuestion, type ItemOnWire } from './wire.js';

const COMMAND = 'item/commandExecution/requestApproval';
const FILE_CHANGE = 'item/fileChange/requestApproval';

/** Whether a request of the app-server's asks a person to approve something. */
export function isApproval(method: string): boolean {
  return method === COMMAND || method === FILE_CHANGE;
}

export type QuestionKind = 'command' | 'file_change';

/** What Codex asks for, as a person is shown it. */
export interface ReadQuestion {
  readonly kind: QuestionKind;
  /** Names the question in every life of the service: Codex counts its requests anew in each process. */
  readonly key: string;
  readonly text: string;
}

/** `null` for a request that is no approval, or makes no sense. */
export function readQuestion(
  question: Pick<OpenQuestion, 'method' | 'params'>,
  working: Readonly<Record<string, ItemOnWire>>,
): ReadQuestion | null {
  const { method, params } = question;
  if (method === COMMAND) {
    const read = readCommandQuestion(params);
    if (read === null) return null;
    const { turnId, itemId, approvalId, command, cwd, reason } = read;
    const key = [turnId, itemId, ...(typeof approvalId === 'string' ? [approvalId] : [])].join('/');
    const lines = [`$ ${command ?? ''}`, ...mention('in', cwd), ...mention('because:', reason)];
    return { kind: 'command', key, text: lines.join('\n') };
  }
  if (method !== FILE_CHANGE) return null;
  const read = readFileQuestion(params);
  if (read === null) return null;
  const { turnId, itemId, reason, grantRoot } = read;
  const item = working[itemId];
  const changes = item === undefined ? [] : eventsOfItem(item).map(({ text }) => text);
  const lines = [...changes, ...mention('below', grantRoot), ...mention('because:', reason)];
  return { kind: 'file_change', key: `${turnId}/${itemId}`, text: lines.join('\n') };
}

/** For a person. */
export function questionText(
  question: Pick<OpenQuestion, 'method' | 'params'>,
  working: Readonly<Record<string, ItemOnWire>>,
): string {
  return `Codex asks to be allowed:\n${readQuestion(question, working)?.text ?? ''}`;
}

function mention(word: string, value: string | null | undefined): string[] {
  return typeof value === 'string' && value !== '' ? [`${word} ${value}`] : [];
}
