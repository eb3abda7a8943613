import type { FinalStatus } from '../../../runs/run-status.js';
import type { MessageFacts } from '../wishes.js';
import { codeBlock, codeSpan } from './markdown.js';
import { firstBytes, lastLines, plainText } from './plain-text.js';

/** Of output, in a comment. */
export const MOST_OUTPUT_BYTES = 8192;

const MOST_SENTENCE = 500;

const OUTCOMES: Readonly<Record<FinalStatus, string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'was cancelled',
  timed_out: 'took longer than it may',
  out_of_memory: 'ran out of memory',
  lost: 'is lost: how it ended is not known',
};

export interface CommentInput {
  readonly runId: string;
  readonly facts: MessageFacts;
  /** What an agent said last, masked; `null`: it was a command, or said nothing. */
  readonly message: string | null;
  /** The end of the masked output, where there is no message. */
  readonly output: string;
  readonly outputLines: number;
  /** Where readers find this service; empty: nowhere. */
  readonly linkBaseUrl: string;
}

/**
 * The Markdown of a comment. What does not come from Risoluto itself stands in code alone, where
 * neither marks nor mentions count; it is bounded, and free of control characters.
 */
export function commentText(input: CommentInput): string {
  const { facts, runId } = input;
  const { outcome } = facts;
  const parts =
    outcome === null
      ? [`**Risoluto** started run ${codeSpan(runId)} in workspace ${codeSpan(facts.issue)}.`]
      : [
          `**Risoluto**: run ${codeSpan(runId)} **${OUTCOMES[outcome.status]}**.`,
          ...detailsOf(facts, outcome),
          ...(input.message === null ? outputOf(input) : messageOf(input.message)),
        ];
  return [...parts, ...linksOf(input)].join('\n\n');
}

function detailsOf(
  { startedAt, endedAt }: MessageFacts,
  { exitCode, reason, message }: NonNullable<MessageFacts['outcome']>,
): string[] {
  const lines: string[] = [];
  if (exitCode !== null) lines.push(`- Exit code: ${codeSpan(String(exitCode))}`);
  if (reason !== null) lines.push(`- Reason: ${codeSpan(sentence(reason))}`);
  if (message !== null) lines.push(`- Details: ${codeSpan(sentence(message))}`);
  if (startedAt === null) lines.push('- Its command was never started.');
  else if (endedAt !== null) lines.push(`- Duration: ${durationText(endedAt - startedAt)}`);
  return lines.length === 0 ? [] : [lines.join('\n')];
}

function sentence(text: string): string {
  const plain = plainText(text);
  return plain.length > MOST_SENTENCE ? `${plain.slice(0, MOST_SENTENCE)}…` : plain;
}

function outputOf({ output, outputLines }: CommentInput): string[] {
  const shown = lastLines(plainText(output), outputLines, MOST_OUTPUT_BYTES);
  return shown === '' ? [] : ['The last lines of its output:', codeBlock(shown)];
}

function messageOf(message: string): string[] {
  const shown = firstBytes(plainText(message).trim(), MOST_OUTPUT_BYTES);
  return shown === '' ? [] : ['What the agent said last:', codeBlock(shown)];
}

function linksOf({ linkBaseUrl, runId, facts }: CommentInput): string[] {
  if (linkBaseUrl === '') return [];
  const base = new URL(linkBaseUrl).href.replace(/\/+$/, '');
  const run = `${base}/api/v1/runs/${encodeURIComponent(runId)}`;
  const links = [`[Run](<${run}>)`, `[Output](<${run}/output>)`];
  const mayHaveChanged = facts.outcome !== null && facts.startedAt !== null;
  if (mayHaveChanged) links.push(`[Change](<${run}/diff>)`);
  return [links.join(' · ')];
}

/** As people say it: `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`. */
export function durationText(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1000) return `${whole} ms`;
  if (whole < 59_950) return `${(whole / 1000).toFixed(1)} s`;
  const seconds = Math.round(whole / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
