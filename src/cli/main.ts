import { CommanderError } from 'commander';

import { processEnvironment } from '../config/process-environment.js';
import { Cli } from './cli.js';
import { buildProgram } from './program.js';
import { usageError } from './service-command.js';

const cli = new Cli({
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: processEnvironment(),
  signals: process,
  leave: (exitCode) => process.exit(exitCode),
});

// Who reads no further, as `head`, is no reason to fail; a command that must know listens itself.
for (const stream of [cli.stdout, cli.stderr]) stream.on('error', ignoreClosedPipe);

void perform();

async function perform(): Promise<void> {
  try {
    await buildProgram(cli).parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError) wrongCommandLine(error);
    else cli.fail(error);
  }
  process.exitCode = cli.exitCode;
}

/** Commander throws for `--help` and `--version` too, once they are printed. */
function wrongCommandLine(error: CommanderError): void {
  if (error.exitCode === 0) return;
  cli.json ||= asksForJson(process.argv);
  const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const help = error.code === 'commander.help';
  cli.fail(
    help
      ? usageError('which command?')
      : usageError(message, hints.join('\n') || 'see risoluto --help'),
  );
}

function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).includes('--json');
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  // EIO: the terminal has been closed.
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
