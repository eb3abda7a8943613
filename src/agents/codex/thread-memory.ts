import { z } from 'zod';

const schema = z.object({ threadId: z.string().min(1).max(200) });

/** What is remembered of a run of Codex: the thread that its turns share. */
export function writeMemory(threadId: string): string {
  return JSON.stringify({ threadId });
}

/** `null` for nothing, and for what this version does not understand. */
export function readMemory(memory: string | null): string | null {
  if (memory === null) return null;
  try {
    return schema.safeParse(JSON.parse(memory)).data?.threadId ?? null;
  } catch {
    return null;
  }
}
