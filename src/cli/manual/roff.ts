import { EXIT_CODE_MEANINGS } from '../exit-codes.js';
import { allCommands, type CommandNode, type OptionNode } from './command-tree.js';
import { describe } from './markdown.js';
import { TOPICS } from './topics.js';

/** The same as a manual page: `man(7)` macros. */
export function roffManual(tree: CommandNode, version: string): string {
  const commands = allCommands(tree).filter(({ commands: below }) => below.length === 0);
  return [
    `.TH RISOLUTO 1 "" "risoluto ${version}" "User Commands"`,
    '.SH NAME',
    'risoluto \\- run commands in hardened containers',
    '.SH SYNOPSIS',
    `.B ${escaped(tree.usage)}`,
    ...TOPICS.flatMap(({ title, paragraphs }) => [
      `.SH ${escaped(title.toUpperCase())}`,
      ...paragraphs.flatMap((text) => ['.PP', prose(text)]),
    ]),
    '.SH OPTIONS',
    ...tree.options.flatMap(option),
    '.SH COMMANDS',
    ...commands.flatMap(section),
    '.SH EXIT STATUS',
    ...EXIT_CODE_MEANINGS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, escaped(meaning)]),
    '',
  ].join('\n');
}

function section({ usage, description, options, examples }: CommandNode): string[] {
  return [
    `.SS ${escaped(usage)}`,
    ...description.split('\n\n').flatMap((text) => ['.PP', prose(text)]),
    ...options.filter(({ long }) => long !== '--help').flatMap(option),
    ...examples.flatMap(({ does, line }) => [
      '.PP',
      `${escaped(does)}:`,
      '.PP',
      '.nf',
      escaped(`    ${line.replaceAll('\n', '\n    ')}`),
      '.fi',
    ]),
  ];
}

function option(node: OptionNode): string[] {
  return ['.TP', `.B ${escaped(node.flags)}`, escaped(describe(node))];
}

/** Code in backticks becomes bold. */
function prose(text: string): string {
  return escaped(text.replaceAll('\n', ' ')).replaceAll(/`([^`]+)`/g, String.raw`\fB$1\fR`);
}

/** What `man` would read as its own stays text; it takes dashes and quotes for typography. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('-', String.raw`\-`)
    .replaceAll(/^(?=[.'])/gm, String.raw`\&`)
    .replaceAll("'", String.raw`\(aq`);
}
