import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { scriptOfJobs } from './ci-jobs.js';
import { ELSEWHERE, STAND_INS } from './elsewhere.js';
import { ROOT, type Block, type Page } from './markdown.js';

const TIMEOUT_MS = 240_000;
const COPIED = [
  ...['config', 'package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json'],
  ...['tsconfig.build.json', 'README.md', 'CONTRIBUTING.md'],
];
/** What no command of a page writes to: the product itself, read-only. */
const MOUNTED = ['dist', 'docs', 'migrations', 'node_modules', 'scripts', 'src'];
/** Written to by commands of pages, and never really: each lies under a layer that goes with the page. */
const LAYERED = ['/etc', '/opt', '/srv', '/usr/local', '/var/lib'];

export interface BlockRun {
  /** Null where an earlier block ended the page. */
  status: number | null;
  output: string;
}

export interface PageRun {
  /** By the block's line. */
  blocks: Map<number, BlockRun>;
  /** The commands that the stand-ins took as done. */
  called: Set<string>;
}

/** What the shell that runs a page has besides `PATH` and `HOME`, and what a CI system would fill in. */
export interface PageShell {
  env: Record<string, string>;
  /** By expression, as `secrets.TOKEN` of `${{ secrets.TOKEN }}`. */
  expressions: Record<string, string>;
  before: string;
}

/** Whether a block is run at all, and not only looked at. */
export function isRun(block: Block): boolean {
  return block.language === 'sh' || scriptOfJobs(block, {}) !== null;
}

/**
 * Runs all blocks of a page in order in one bash, as a reader who pastes them would: beside a copy of
 * the built product, with a HOME of its own. Any failing command, any unset variable and any HTTP
 * error ends the page there. All processes of the page end with it.
 */
export async function runPage(page: Page, shell: PageShell): Promise<PageRun> {
  const directory = await mkdtemp(join(tmpdir(), 'risoluto-docs-'));
  try {
    await prepare(directory, page, shell);
    await runDriver(directory, page, shell);
    const blocks = new Map<number, BlockRun>();
    for (const { line } of page.blocks.filter(isRun)) {
      const status = await readFile(join(directory, `${line}.status`), 'utf8').catch(() => null);
      const output = await readFile(join(directory, `${line}.out`), 'utf8').catch(() => '');
      blocks.set(line, { status: status === null ? null : Number(status), output });
    }
    const called = await readFile(join(directory, 'called'), 'utf8');
    return { blocks, called: new Set(called.split('\n').filter((line) => line !== '')) };
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The real npx makes the program that it starts executable. */
function partsFor({ path }: Page): { copied: readonly string[]; mounted: readonly string[] } {
  if (path !== 'README.md') return { copied: COPIED, mounted: MOUNTED };
  return { copied: [...COPIED, 'dist'], mounted: MOUNTED.filter((name) => name !== 'dist') };
}

async function prepare(directory: string, page: Page, shell: PageShell): Promise<void> {
  const product = join(directory, 'risoluto');
  const { copied, mounted } = partsFor(page);
  for (const name of ['bin', 'home', 'layers', ...mounted.map((part) => join('risoluto', part))]) {
    await mkdir(join(directory, name), { recursive: true });
  }
  await Promise.all(
    copied.map((name) => cp(join(ROOT, name), join(product, name), { recursive: true })),
  );
  for (const name of STAND_INS) {
    await symlink(join(ROOT, 'test/docs/stand-in.sh'), join(directory, 'bin', name));
  }
  await symlink(join(product, 'dist/bin/risoluto.js'), join(directory, 'bin/risoluto'));
  // An answer of 400 or more is a failure, as it is to the reader.
  await writeFile(join(directory, 'home/.curlrc'), 'fail-with-body\nno-progress-meter\n');
  const listed = ELSEWHERE.filter((entry) => entry.page === page.path);
  await writeFile(join(directory, 'elsewhere'), listed.map(({ command }) => command).join('\n'));
  await writeFile(join(directory, 'called'), '');
  await writeFile(join(directory, 'driver.sh'), await driver(directory, page, shell));
}

async function driver(directory: string, page: Page, shell: PageShell): Promise<string> {
  const parts = [setUp(directory, partsFor(page).mounted), shell.before];
  for (const block of page.blocks) {
    const file = join(directory, `${block.line}.sh`);
    if (block.file !== null) {
      const target = `"$DOCS_PRODUCT/"${quote(block.file)}`;
      await writeFile(file, block.text);
      parts.push(`mkdir -p "$(dirname ${target})"; cp ${quote(file)} ${target}`);
    } else if (isRun(block)) {
      await writeFile(file, scriptOfJobs(block, shell.expressions) ?? block.text);
      parts.push(call(block, file, join(directory, String(block.line))));
    }
  }
  return parts.join('\n');
}

function setUp(directory: string, mounted: readonly string[]): string {
  const product = join(directory, 'risoluto');
  const layers = LAYERED.map((path) => {
    const upper = join(directory, 'layers', path);
    const options = `lowerdir=${path},upperdir=${upper}/new,workdir=${upper}/work`;
    return `mkdir -p ${upper}/new ${upper}/work; mount -t overlay overlay -o ${options} ${path}`;
  });
  const mounts = mounted.map((name) => {
    const target = join(product, name);
    return `mount --bind ${join(ROOT, name)} ${target}; mount -o remount,bind,ro ${target}`;
  });
  return `set -euo pipefail
cp /etc/resolv.conf ${directory}/resolv.conf
${layers.join('\n')}
mount --bind ${directory}/resolv.conf /etc/resolv.conf 2>/dev/null || cp ${directory}/resolv.conf /etc/resolv.conf
${mounts.join('\n')}
cd ${product}
DOCS_PRODUCT=${product}`;
}

/** In this very shell, so that what a block sets is there for the next. */
function call(block: Block, file: string, base: string): string {
  const source = `. ${quote(file)} </dev/null >${quote(`${base}.out`)} 2>&1`;
  const note = `>${quote(`${base}.status`)}`;
  if (block.exit === 0) {
    return `trap 'echo $? ${note.replaceAll("'", '')}' EXIT\n${source}\ntrap - EXIT\necho 0 ${note}`;
  }
  return `set +e\n${source}\necho $? ${note}\nset -e`;
}

async function runDriver(directory: string, page: Page, { env }: PageShell): Promise<void> {
  const path = process.env.PATH ?? '';
  const child = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'bash', 'driver.sh'],
    {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: [join(directory, 'bin'), dirname(process.execPath), path].join(delimiter),
        HOME: join(directory, 'home'),
        LANG: 'C.UTF-8',
        DOCKER_HOST: process.env.DOCKER_HOST,
        DOCS_PATH: path,
        DOCS_ELSEWHERE: join(directory, 'elsewhere'),
        DOCS_CALLED: join(directory, 'called'),
        // Where a reader begins it is the real one.
        ...(page.path === 'README.md' && { DOCS_REAL_NPX: '1' }),
        ...env,
      },
    },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.stdout.resume();
  const late = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  await once(child, 'exit');
  clearTimeout(late);
  if (complaint !== '') throw new Error(`the page’s shell says: ${complaint}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
