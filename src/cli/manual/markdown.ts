import { EXIT_CODE_MEANINGS } from '../exit-codes.js';
import type { Example } from '../help.js';
import { allCommands, type CommandNode, type OptionNode } from './command-tree.js';
import { FIRST_SESSION, TOPICS } from './topics.js';

/** The command line as a page of the documentation. */
export function markdownManual(tree: CommandNode): string {
  const [program, ...commands] = allCommands(tree).filter(({ path }) => !path.includes('help'));
  return [
    '# The command line',
    '<!-- Made by `npm run docs:cli` from src/cli; do not edit. -->',
    `${tree.description} \`risoluto <command> --help\` says the same as this page.`,
    fenced('sh', FIRST_SESSION),
    ...TOPICS.flatMap(({ title, paragraphs }) => [`## ${title}`, ...paragraphs]),
    '## Exit codes',
    table(['code', 'meaning'], exitCodes()),
    '## Completion',
    '`risoluto completion bash`, `zsh` or `fish` prints a script; nothing is started on TAB.',
    '## Options of every command',
    ...(program ? [optionTable(program.options)] : []),
    ...commands.flatMap(section),
  ].join('\n\n');
}

function section(command: CommandNode): string[] {
  const { path, usage, description, options, examples, commands } = command;
  return [
    `## ${path.join(' ')}`,
    sentence(description),
    fenced('', [usage]),
    ...(options.length > 1 && commands.length === 0 ? [optionTable(options.filter(isOwn))] : []),
    ...(commands.length === 0 ? examples.flatMap(exampleBlock) : []),
  ];
}

/** With its exit code for the test that runs the page, where that is not 0. */
function exampleBlock({ does, line, exits = 0 }: Example): string[] {
  const block = fenced('sh', [`# ${does}`, ...line.split('\n')]);
  return exits === 0 ? [block] : [`<!-- exit: ${exits} -->`, block];
}

/** Those of every command stand once, at the top. */
function isOwn({ long }: OptionNode): boolean {
  return !['--help', '--json', '--url', '--token-file'].includes(long ?? '');
}

function optionTable(options: readonly OptionNode[]): string {
  if (options.length === 0) return 'It has no options of its own.';
  return table(
    ['option', ''],
    options.map((option) => [`\`${option.flags}\``, describe(option)]),
  );
}

export function describe({ description, choices, mandatory, defaultValue }: OptionNode): string {
  return [
    description,
    ...(choices.length > 0 ? [`one of ${choices.join(', ')}`] : []),
    ...(defaultValue === null ? [] : [`${defaultValue} unless given`]),
    ...(mandatory ? ['required'] : []),
  ].join('; ');
}

function exitCodes(): string[][] {
  return EXIT_CODE_MEANINGS.map(([code, meaning]) => [String(code), meaning]);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [tableLine(head), tableLine(head.map(() => '---')), ...rows.map(tableLine)].join('\n');
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function fenced(language: string, lines: readonly string[]): string {
  return ['```' + language, ...lines, '```'].join('\n');
}

function sentence(text: string): string {
  const whole = /[.!?]$/.test(text.trim()) ? text : `${text}.`;
  return whole.charAt(0).toUpperCase() + whole.slice(1);
}
