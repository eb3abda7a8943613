import { describe, expect, it } from 'vitest';

import { checkBlock } from './block-checks.js';
import { parsePage, type Page } from './markdown.js';
import { isRun, runPage, type PageRun } from './page-run.js';
import { shortfallOf } from './shortfall.js';

const NOWHERE = 'http://127.0.0.1:9/';

function pageOf(...blocks: string[]): Page {
  return parsePage('made-up.md', blocks.join('\n\n'));
}

const sh = (...lines: string[]) => `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;

/** What each block fails with, in their order; null for one that did what its page says. */
async function outcomes(page: Page): Promise<(string | null)[]> {
  const run: PageRun = await runPage(page, { env: {}, expressions: {}, before: '' });
  return page.blocks.filter(isRun).map((block) => shortfallOf(block, run.blocks.get(block.line)));
}

describe('a page’s commands', () => {
  it('are run in one shell, in the product’s directory', async () => {
    const page = pageOf(sh('WHO=world', 'cd docs'), sh('[ "$WHO" = world ]', 'ls api.md'));
    expect(await outcomes(page)).toEqual([null, null]);
  });

  it.each([
    ['in the middle of a block', 'false; true', 'exit code 1'],
    ['in a pipe', 'false | true', 'exit code 1'],
    ['that is not there', 'no-such-program', 'exit code 127'],
    ['with a variable that nothing set', 'echo "$NOT_SET_ANYWHERE"', 'exit code'],
    ['that reaches no service', `curl ${NOWHERE}`, 'exit code 7'],
    ['that nobody lists', 'npm test', 'exit code 99'],
    ['that nobody lists, by sudo', 'sudo apt-get install -y runsc', 'exit code 99'],
  ])('fail %s, and those after are not reached', async (_where, command, failure) => {
    const [first, second] = await outcomes(pageOf(sh(command), sh('true')));
    expect(first).toContain(failure);
    expect(second).toContain('not reached');
  });

  it('may fail where the page says so, and only as it says', async () => {
    const told = '<!-- exit: 3 -->\n\n';
    expect(await outcomes(pageOf(`${told}${sh('(exit 3)')}`, sh('true')))).toEqual([null, null]);
    const [other] = await outcomes(pageOf(`${told}${sh('(exit 4)')}`));
    expect(other).toContain('exit code 4');
  });

  it('print what the text after them says', async () => {
    const text = (line: string) => `\`\`\`text\n${line}\n\`\`\``;
    const print = sh('echo begun', 'echo "id 42 made"');
    expect(await outcomes(pageOf(print, text('id … made')))).toEqual([null]);
    const [other] = await outcomes(pageOf(print, text('id … lost')));
    expect(other).toContain('does not print');
  });

  it('leave the machine as it was', async () => {
    const page = pageOf(sh('echo x > /etc/written-by-a-page', 'cat /etc/written-by-a-page'));
    expect(await outcomes(page)).toEqual([null]);
    expect(await outcomes(pageOf(sh('! ls /etc/written-by-a-page')))).toEqual([null]);
  });

  it('are those of CI jobs too', async () => {
    const github = (command: string) =>
      `\`\`\`yaml\njobs:\n  a:\n    env: {X: '1'}\n    steps:\n      - run: ${command}\n\`\`\``;
    const gitlab = (command: string) => `\`\`\`yaml\na:\n  script:\n    - ${command}\n\`\`\``;
    expect(await outcomes(pageOf(github('test "$X" = 1'), gitlab('true')))).toEqual([null, null]);
    expect((await outcomes(pageOf(github('test "$X" = 2'))))[0]).toContain('exit code 1');
    expect((await outcomes(pageOf(gitlab('false'))))[0]).toContain('exit code 1');
  });
});

describe('a block that is only looked at', () => {
  it.each([
    ['```json\n{"a": }\n```', 'SyntaxError'],
    ['```yaml\ncodex: {sandbox: {imagge: x}}\n```', 'imagge'],
    ['```ini\nExecStart=/bin/true\n```', 'bad line'],
    ['```console\n$ true\n```', 'nothing checks'],
  ])('is refused when it is wrong: %s', (text, complaint) => {
    expect(checkBlock(pageOf(text).blocks[0]!)).toContain(complaint);
  });
});
