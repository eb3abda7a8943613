import type { Cli } from './cli.js';

const REMARK_AFTER_MS = 2000;

/** Says on a terminal what a command is busy with, once, when that takes longer than two seconds. */
export async function remarking<T>(cli: Cli, text: string, work: Promise<T>): Promise<T> {
  const remark = setTimeout(() => {
    if (cli.interactive && !cli.json) cli.note(text);
  }, REMARK_AFTER_MS);
  try {
    return await work;
  } finally {
    clearTimeout(remark);
  }
}
