import { Argument, Command } from 'commander';

import type { Cli } from '../cli.js';
import type { Place } from '../completion/candidates.js';
import { withExamples } from '../help.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

export function completionCommand(cli: Cli): Command {
  const command = new Command('completion')
    .summary('print a script that completes commands and options')
    .description(
      'Prints a script for the shell that completes commands and options on TAB. It holds the whole command line of this version; nothing is started on TAB.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { placesOf } = await import('../completion/candidates.js');
      const { treeOf } = await import('../manual/command-tree.js');
      const program = command.parent ?? command;
      cli.stdout.write(await scriptFor(shell, placesOf(treeOf(program))));
    });
  return withExamples(
    command,
    { does: 'bash, for this session', line: 'source <(npx risoluto completion bash)' },
    {
      does: 'bash, for good',
      line: 'npx risoluto completion bash > /etc/bash_completion.d/risoluto',
    },
  );
}

async function scriptFor(shell: Shell, places: readonly Place[]): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.js')).bashCompletion(places);
    case 'zsh':
      return (await import('../completion/zsh.js')).zshCompletion(places);
    case 'fish':
      return (await import('../completion/fish.js')).fishCompletion(places);
  }
}
