import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a page. */
export interface Block {
  /** Of its opening fence, from 1. */
  line: number;
  language: string;
  text: string;
  /** The exit code that `<!-- exit: 1 -->` before it tells; else 0. */
  exit: number;
  /** The path that `<!-- file: name -->` before it tells, where the reader is to put it. */
  file: string | null;
  /** For `sh`: the `text` block right after it, which is what it prints. */
  prints: string | null;
}

export interface Page {
  /** Below the repository. */
  path: string;
  text: string;
  blocks: Block[];
  anchors: Set<string>;
  /** Targets of all links, with their lines. */
  links: { line: number; target: string }[];
}

/** The pages whose commands are run: all but the records of decisions. */
export function commandPages(): Page[] {
  const names = readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', 'CONTRIBUTING.md', ...names.map((name) => `docs/${name}`)].map(readPage);
}

export function readPage(path: string): Page {
  return parsePage(path, readFileSync(join(ROOT, path), 'utf8'));
}

export function parsePage(path: string, text: string): Page {
  const page: Page = { path, text, blocks: [], anchors: new Set(), links: [] };
  const lines = text.split('\n');
  let directives = new Map<string, string>();
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const fence = /^(\s*)(`{3,}|~{3,})\s*(\S*)/.exec(line);
    if (fence !== null) {
      const end = closingFence(lines, index, fence[2] ?? '');
      const body = lines.slice(index + 1, end).map((each) => unindent(each, fence[1] ?? ''));
      addBlock(page, { line: index + 1, language: fence[3] ?? '', body, directives });
      directives = new Map();
      index = end;
      continue;
    }
    const directive = /^\s*<!-- (exit|file): (.+?) -->$/.exec(line);
    if (directive !== null) directives.set(directive[1] ?? '', directive[2] ?? '');
    else if (line.trim() !== '') directives = new Map();
    readLine(page, line, index + 1);
  }
  return page;
}

/** An unclosed fence runs to the end of the page, as it does when shown. */
function closingFence(lines: string[], open: number, marks: string): number {
  const close = lines.findIndex((line, index) => index > open && line.trim().startsWith(marks));
  return close === -1 ? lines.length : close;
}

function unindent(line: string, indent: string): string {
  return line.startsWith(indent) ? line.slice(indent.length) : line;
}

function addBlock(
  page: Page,
  block: { line: number; language: string; body: string[]; directives: Map<string, string> },
): void {
  const text = `${block.body.join('\n')}\n`;
  const before = page.blocks.at(-1);
  const end = before === undefined ? 0 : before.line + before.text.split('\n').length;
  // Nothing but an empty line between them.
  if (block.language === 'text' && before?.language === 'sh' && block.line <= end + 2) {
    before.prints = text;
  }
  page.blocks.push({
    line: block.line,
    language: block.language,
    text,
    exit: Number(block.directives.get('exit') ?? 0),
    file: block.directives.get('file') ?? null,
    prints: null,
  });
}

function readLine(page: Page, line: string, number: number): void {
  const heading = /^#{1,6} +(.*?)\s*#*$/.exec(line);
  if (heading !== null) addAnchor(page.anchors, heading[1] ?? '');
  const prose = line.replaceAll(/`[^`]*`/g, '');
  for (const [, target = ''] of prose.matchAll(/\]\(([^)\s]+)(?: "[^"]*")?\)/g)) {
    page.links.push({ line: number, target });
  }
}

/** As GitHub and GitLab name headings. */
function addAnchor(anchors: Set<string>, heading: string): void {
  const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
  const slug = plain
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
  let name = slug;
  for (let again = 1; anchors.has(name); again += 1) name = `${slug}-${again}`;
  anchors.add(name);
}
