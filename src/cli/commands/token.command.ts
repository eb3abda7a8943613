import { randomBytes } from 'node:crypto';

import { Command } from 'commander';

import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { answeringCommand } from '../service-command.js';

const TOKEN_BYTES = 32;

export function tokenCommand(cli: Cli): Command {
  return withExamples(
    new Command('token').description('make access tokens').addCommand(newCommand(cli)),
    { does: 'a fresh write token', line: 'npx risoluto token new' },
  );
}

function newCommand(cli: Cli): Command {
  const command = answeringCommand('new')
    .summary('print a fresh random token')
    .description(
      'Prints a fresh token of 256 random bits as a line for the service’s environment. Nothing is stored anywhere else: what is printed is the only copy.',
    )
    .option('--read', 'for RISOLUTO_READ_TOKEN, not RISOLUTO_WRITE_TOKEN')
    .action(({ read = false }: { read?: boolean }) => {
      const name = read ? 'RISOLUTO_READ_TOKEN' : 'RISOLUTO_WRITE_TOKEN';
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      cli.print({ name, token }, `${name}=${token}`);
      if (!cli.json) cli.note(adviceFor(name));
    });
  return withExamples(
    command,
    {
      does: 'into a file that only its owner can read',
      line: '(umask 077 && npx risoluto token new >> risoluto.env)',
    },
    { does: 'a token that only reads', line: 'npx risoluto token new --read' },
  );
}

function adviceFor(name: string): string {
  return (
    `put this line into the environment of the service and start it again; clients send it as\n` +
    `  Authorization: Bearer …, and this command line reads it from ${name} or --token-file`
  );
}
