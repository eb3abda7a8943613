import { readFileSync } from 'node:fs';

/** What the real app-server of the pinned version printed in one turn, line by line. */
export function transcript(name: string): string[] {
  const file = new URL(`../../../src/agents/codex/transcripts/${name}.jsonl`, import.meta.url);
  return readFileSync(file, 'utf8').split('\n').slice(0, -1);
}
