import { Command } from 'commander';

import { DomainError } from '../../kernel/domain-error.js';
import { assertSecretKey } from '../../secrets/secret-name.js';
import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { throughServiceOrDirectory } from '../offline/service-or-directory.js';
import { rotateKeyCommand } from '../secrets/rotate-key.command.js';
import { exportCommand, importCommand } from '../secrets/transfer.commands.js';
import { askHidden } from '../secrets/hidden-prompt.js';
import { checkedValue, readValue, readValueOfFile } from '../secrets/secret-value.js';
import { serviceCommand, usageError } from '../service-command.js';
import { textTable } from '../text-table.js';

interface SetOptions {
  fromFile?: string;
  keepNewline?: boolean;
}

interface SecretListView {
  keys: string[];
  secrets: {
    key: string;
    version: number | null;
    updatedAt: string | null;
    updatedBy: string | null;
  }[];
}

/** Of a secret that another program put into its file. */
const UNKNOWN = '-';

const WHERE =
  'Through the service; while it is down, in its data directory itself (DATA_DIR, MASTER_KEY_FILE or MASTER_KEY as for the service), unless an address was given.';

export function secretsCommand(cli: Cli): Command {
  const command = new Command('secrets')
    .description('store, list and delete secrets; values are never shown')
    .addCommand(setCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(deleteCommand(cli))
    .addCommand(rotateKeyCommand(cli))
    .addCommand(exportCommand(cli))
    .addCommand(importCommand(cli));
  return withExamples(command, {
    does: 'store a secret without showing it to anybody',
    line: "printf '%s' hello | npx risoluto secrets set GREETING",
  });
}

function setCommand(cli: Cli): Command {
  const command = serviceCommand('set')
    .summary('store a secret, from standard input or a prompt')
    .description(
      [
        'Stores a secret, replacing an earlier value.',
        'The value is what stands on standard input, byte for byte, but for one line end (LF or CRLF) at its end. At a terminal it is asked for and not shown. It is never taken from the command line, which every user of the machine can read. UTF-8, at most 64 KiB.',
        WHERE,
      ].join('\n\n'),
    )
    .usage('[options] <name>')
    // Whatever else stands there may be the value: it must not come back in an error message.
    .argument('<name...>', '1 to 128 ASCII letters, digits, or one of . _ : -')
    .allowUnknownOption()
    .option('--from-file <file>', 'read the value from a file')
    .option('--keep-newline', 'the line end at the end is a part of the value')
    .action(async ([name = '', ...others]: string[], options: SetOptions) => {
      if (others.length > 0 || name.startsWith('-')) throw valueOnCommandLine();
      checkName(name);
      const value = await valueFor(cli, name, options);
      await throughServiceOrDirectory(cli, command, {
        task: 'secrets',
        online: (service) => service.request('PUT', pathOf(name), { body: { value } }),
        offline: ({ secrets, origin }) => secrets.set(origin, name, value),
      });
      cli.print({ key: name, done: 'set' }, `${name} is set`);
    });
  return withExamples(
    command,
    { does: 'from a pipe', line: "printf '%s' hello | npx risoluto secrets set GREETING" },
    {
      does: 'a key file as it is, its last line end included',
      line: 'npx risoluto secrets set DEPLOY_KEY --from-file ~/.ssh/deploy --keep-newline',
    },
    { does: 'asked for at the terminal', line: 'npx risoluto secrets set NPM_TOKEN' },
  );
}

function listCommand(cli: Cli): Command {
  const command = serviceCommand('list')
    .summary('list the names of all secrets')
    .description(`Lists names, versions and times; values never.\n\n${WHERE}`)
    .action(async () => {
      const list = await throughServiceOrDirectory<SecretListView>(cli, command, {
        task: 'secrets',
        online: (service) => service.get('/secrets'),
        offline: async ({ secrets }) => {
          const { listOf } = await import('../../secrets/dto/secret-dto.js');
          return listOf(await secrets.list());
        },
      });
      cli.print(list, () => describeList(list));
    });
  return withExamples(
    command,
    { does: 'a table', line: 'npx risoluto secrets list' },
    { does: 'for a script', line: 'npx risoluto secrets list --json' },
  );
}

function deleteCommand(cli: Cli): Command {
  const command = serviceCommand('delete')
    .summary('delete a secret')
    .description(`Deletes a secret; runs that already have its value keep it.\n\n${WHERE}`)
    .argument('<name>', 'the secret’s name')
    .action(async (name: string) => {
      checkName(name);
      await throughServiceOrDirectory(cli, command, {
        task: 'secrets',
        online: (service) => service.request('DELETE', pathOf(name)),
        offline: ({ secrets, origin }) => secrets.delete(origin, name),
      });
      cli.print({ key: name, done: 'deleted' }, `${name} is deleted`);
    });
  return withExamples(command, {
    does: 'delete one',
    line: 'npx risoluto secrets delete GREETING',
  });
}

async function valueFor(cli: Cli, name: string, options: SetOptions): Promise<string> {
  const keepNewline = options.keepNewline === true;
  if (options.fromFile !== undefined) return readValueOfFile(options.fromFile, keepNewline);
  if (cli.stdin.isTTY !== true) {
    return readValue(cli.stdin, { source: 'standard input', keepNewline });
  }
  const typed = await askHidden(cli, `value of ${name} (not shown): `);
  return checkedValue(typed, 'what was typed');
}

function valueOnCommandLine() {
  return usageError(
    'secrets set takes one name and the options of its --help, and no value: on a command line every ' +
      'user of this machine can read it, and the shell keeps it; if that was the real one, replace it',
    'printf \'%s\' "$VALUE" | risoluto secrets set NAME\nrisoluto secrets set NAME --from-file FILE',
  );
}

function checkName(name: string): void {
  try {
    assertSecretKey(name);
  } catch (error) {
    if (error instanceof DomainError) throw usageError(error.message);
    throw error;
  }
}

function pathOf(name: string): string {
  if (name === '.' || name === '..') throw usageError('a URL cannot name a secret of that name');
  return `/secrets/${encodeURIComponent(name)}`;
}

function describeList({ secrets }: SecretListView): string {
  if (secrets.length === 0) return 'no secrets are stored';
  const rows = secrets.map(({ key, version, updatedAt, updatedBy }) => [
    key,
    String(version ?? UNKNOWN),
    updatedAt ?? UNKNOWN,
    updatedBy ?? UNKNOWN,
  ]);
  return textTable(['NAME', 'VERSION', 'UPDATED', 'BY'], rows);
}
