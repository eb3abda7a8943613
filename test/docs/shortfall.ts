import type { Block } from './markdown.js';
import type { BlockRun } from './page-run.js';

/** What a block did not do that its page says it does; null when it did all. */
export function shortfallOf(block: Block, run: BlockRun | undefined): string | null {
  if (run === undefined || run.status === null) return 'not reached: an earlier block failed';
  if (run.status !== block.exit) return `exit code ${run.status}:\n${run.output}`;
  const missing = block.prints === null ? null : missingLine(block.prints, run.output);
  return missing === null ? null : `does not print “${missing}”, but:\n${run.output}`;
}

/** The first line of `wanted` that does not come, in its order; `…` stands for anything. */
function missingLine(wanted: string, output: string): string | null {
  const printed = output.split('\n');
  for (const line of wanted.split('\n').filter((text) => text.trim() !== '')) {
    const pieces = line.trim().split('…').map(escape);
    const pattern = new RegExp(pieces.join('.*'));
    const found = printed.findIndex((each) => pattern.test(each));
    if (found === -1) return line;
    printed.splice(0, found);
  }
  return null;
}

function escape(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
