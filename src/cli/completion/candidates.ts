import { allCommands, type CommandNode } from '../manual/command-tree.js';

export interface Candidate {
  word: string;
  means: string;
}

/** One position on the command line: behind these commands, what may come. */
export interface Place {
  /** Without the program's name, joined by a space: `secrets set`; empty at its beginning. */
  path: string;
  candidates: readonly Candidate[];
  /** Options whose next word is their value. */
  valueOptions: readonly string[];
  /** Subcommands, and the place each leads to. */
  subcommands: readonly { word: string; path: string }[];
  passesThrough: boolean;
}

export function placesOf(tree: CommandNode): Place[] {
  return allCommands(tree).map((command) => {
    const path = command.path.slice(1).join(' ');
    const options = command.options.flatMap(({ long, short, takesValue, description }) =>
      [long, short]
        .filter((flag): flag is string => flag !== null)
        .map((flag) => ({ word: flag, means: description, takesValue })),
    );
    const subcommands = command.commands.map(({ path: below, summary }) => ({
      word: below.at(-1) ?? '',
      path: below.slice(1).join(' '),
      means: summary,
    }));
    return {
      path,
      candidates: [...subcommands, ...options].map(({ word, means }) => ({ word, means })),
      valueOptions: options.filter(({ takesValue }) => takesValue).map(({ word }) => word),
      subcommands,
      passesThrough: command.passesThrough,
    };
  });
}
