import { Command } from 'commander';

import { VERSION } from '../kernel/version.js';
import type { Cli } from './cli.js';
import { auditCommand } from './commands/audit.command.js';
import { backupCommand } from './commands/backup.command.js';
import { cancelCommand } from './commands/cancel.command.js';
import { completionCommand } from './commands/completion.command.js';
import { configCommand } from './commands/config.command.js';
import { diffCommand } from './commands/diff.command.js';
import { dispatchCommand } from './commands/dispatch.command.js';
import { conformanceCommand } from './commands/conformance.command.js';
import { doctorCommand } from './commands/doctor.command.js';
import { logsCommand } from './commands/logs.command.js';
import { restoreCommand } from './commands/restore.command.js';
import { runCommand } from './commands/run.command.js';
import { runsCommand } from './commands/runs.command.js';
import { secretsCommand } from './commands/secrets.command.js';
import { serveCommand } from './commands/serve.command.js';
import { showCommand } from './commands/show.command.js';
import { tokenCommand } from './commands/token.command.js';
import { workspacesCommand } from './commands/workspaces.command.js';
import { epilogue, withExamples } from './help.js';
import { withServiceOptions } from './service-command.js';

/** The whole command line, as a tree: what parses it, completes it and documents it. */
export function buildProgram(cli: Cli): Command {
  const program = withServiceOptions(new Command('risoluto'))
    .description('Runs coding agents and CI commands in hardened containers.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .option('--json', 'answer in JSON, errors too')
    // Options behind the command belong to the command: `run -- make --json` is make's.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      // `Cli.fail` prints it.
      outputError: () => {},
    })
    .hook('preAction', (_program, command) => {
      cli.json = command.optsWithGlobals<{ json?: boolean }>().json === true;
    });
  withExamples(program, { does: 'help for one command', line: 'npx risoluto help run' });

  const commands = [
    runCommand(cli),
    runsCommand(cli),
    showCommand(cli),
    logsCommand(cli),
    diffCommand(cli),
    cancelCommand(cli),
    secretsCommand(cli),
    auditCommand(cli),
    backupCommand(cli),
    restoreCommand(cli),
    workspacesCommand(cli),
    tokenCommand(cli),
    configCommand(cli),
    dispatchCommand(cli),
    doctorCommand(cli),
    conformanceCommand(cli),
    serveCommand(),
    completionCommand(cli),
  ];
  for (const command of commands) program.addCommand(command);
  settle(program);
  return program;
}

/** Commands that were made apart take their parent's manners: errors, streams, help. */
function settle(parent: Command): void {
  parent.addHelpText('after', () => epilogue(parent));
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent).helpOption('-h, --help', 'show help');
    settle(command);
  }
}
