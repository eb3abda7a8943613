import { randomUUID } from 'node:crypto';

import type { Command } from 'commander';

import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { requestBody, wholeSeconds, type RunOptions } from '../run/run-options.js';
import { RunSession } from '../run/run-session.js';
import { serviceCommand, serviceOf, usageError } from '../service-command.js';

const DESCRIPTION = `Runs a command or an agent in a sandbox, shows its output, and ends with its exit code.

Output goes to standard output and standard error as the command writes it; of an agent, what it did
goes to standard output, without the lines of its protocol. A restart of the
service or a lost connection in between loses and doubles nothing. Ctrl-C, SIGTERM and a reader that
goes away cancel the run; a second Ctrl-C leaves without waiting for its end.`;

export function runCommand(cli: Cli): Command {
  const command = serviceCommand('run')
    .summary('run a command or an agent in a sandbox')
    .description(DESCRIPTION)
    .requiredOption('--issue <issue>', 'the piece of work whose workspace is used, such as MT-42')
    .option('--agent <kind>', 'an agent in place of a command, such as codex')
    .option('--prompt <text>', 'what the agent shall do; no secrets here')
    .option('--model <model>', 'a model for the agent, where the operator leaves the choice')
    .option('--effort <effort>', 'how much the agent shall think, in its own words')
    .option('--credential-route <name>', 'a credential route that the run may use', gather)
    .option('--secret <name>', 'a stored secret for its environment; VARIABLE=NAME renames', gather)
    .option('--env <name=value>', 'a variable for its environment; no secrets here', gather)
    .option('--network', 'let it reach the internet, as far as the operator allows')
    .option('--read-only', 'mount the workspace read-only')
    .option('--timeout <seconds>', 'end it after that time')
    .option('--image <image>', 'insist on this image')
    .option('--upload <dir>', 'make this directory the workspace before the run')
    .option('--download <dir>', 'take the workspace into this empty directory after the run')
    .option('--idempotency-key <key>', 'the same key within 24 hours means the same run')
    .option('--detach', 'print the run’s id and do not wait')
    .option('--reconnect-timeout <seconds>', 'how long to wait for a service that is away', '300')
    .argument('[command...]', 'the command and its arguments, best behind --')
    .passThroughOptions()
    .action(async (argv: string[], options: RunOptions) => {
      const reconnectSeconds = wholeSeconds('--reconnect-timeout', options.reconnectTimeout, 0);
      if (options.detach === true && options.download !== undefined) {
        throw usageError('--download: waits for the end of the run, so not with --detach');
      }
      const plan = {
        body: requestBody(options, argv),
        idempotencyKey: options.idempotencyKey ?? `cli-${randomUUID()}`,
        detach: options.detach === true,
        upload: options.upload ?? null,
        download: options.download ?? null,
        reconnectMs: reconnectSeconds * 1000,
      };
      await new RunSession(cli, serviceOf(cli, command), plan).run();
    });
  return withExamples(
    command,
    { does: 'a command', line: "npx risoluto run --issue MT-1 -- sh -c 'echo hello; id'" },
    {
      does: 'with a stored secret, a variable and a time limit',
      line: 'npx risoluto run --issue MT-1 --secret GREETING --env CI=true --timeout 60 -- env',
    },
    {
      does: 'an agent; this one needs the operator to have set Codex up (docs/codex.md)',
      line: "npx risoluto run --issue MT-1 --agent codex --prompt 'Make the tests pass'",
      exits: 121,
    },
    {
      does: 'on a checkout, whose artefacts come back',
      line: 'npx risoluto run --issue MT-1 --upload docs --download "$(mktemp -d)" -- ls',
    },
    {
      does: 'for a program: a record a line, and the run at the end',
      line: 'npx risoluto run --issue MT-1 --json -- echo hello',
    },
  );
}

function gather(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
