import type { Command, Option } from 'commander';

import { examplesOf, type Example } from '../help.js';

export interface OptionNode {
  /** As the user writes it: `--env <name=value>`. */
  flags: string;
  long: string | null;
  short: string | null;
  takesValue: boolean;
  choices: readonly string[];
  description: string;
  mandatory: boolean;
  defaultValue: string | null;
}

/** A command as completion and manual see it. */
export interface CommandNode {
  /** From the program's name on: `['risoluto', 'secrets', 'set']`. */
  path: readonly string[];
  usage: string;
  summary: string;
  description: string;
  options: readonly OptionNode[];
  /** The first argument and all behind it belong to another program. */
  passesThrough: boolean;
  examples: readonly Example[];
  commands: readonly CommandNode[];
}

export function treeOf(command: Command, above: readonly string[] = []): CommandNode {
  const path = [...above, command.name()];
  const help = command.createHelp();
  return {
    path,
    usage: [...path, command.usage()].join(' '),
    summary: command.summary() || firstLine(command.description()),
    description: command.description(),
    options: help.visibleOptions(command).map(optionNode),
    passesThrough: command.registeredArguments.some(({ variadic }) => variadic),
    examples: examplesOf(command),
    commands: command.commands.map((child) => treeOf(child, path)),
  };
}

/** The command and everything below it, in the order of the help. */
export function allCommands(tree: CommandNode): CommandNode[] {
  return [tree, ...tree.commands.flatMap(allCommands)];
}

function optionNode(option: Option): OptionNode {
  const value: unknown = option.defaultValue;
  return {
    flags: option.flags,
    long: option.long ?? null,
    short: option.short ?? null,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    description: option.description,
    mandatory: option.mandatory,
    defaultValue: typeof value === 'string' ? value : null,
  };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
