import { readFile } from 'node:fs/promises';

import type { Command } from 'commander';

import { readKeyFile } from '../../config/master-keys.js';
import type { Redacted } from '../../kernel/redacted.js';
import { CliError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { whileServiceIsDown } from '../offline/service-or-directory.js';
import { answeringCommand, usageError } from '../service-command.js';
import { transferError } from './transfer-errors.js';

const WHERE =
  'The service must be down: the command works in its data directory itself, with its environment (DATA_DIR, MASTER_KEY_FILE or MASTER_KEY, RISOLUTO_SECRETS_STORE).';

interface ImportOptions {
  overwrite?: boolean;
  keyFile?: string;
}

export function importCommand(cli: Cli): Command {
  const command = answeringCommand('import')
    .summary('take over the secrets of a secrets.enc')
    .description(
      [
        'Sets every secret of a file in the format of secrets.enc, of this version or of Risoluto 0.6, each with its audit row. Nothing is set when one of them is there with another value, unless --overwrite is given. Interrupted, it goes on when it is repeated.',
        WHERE,
      ].join('\n\n'),
    )
    .argument('<file>', 'the file')
    .option('--overwrite', 'secrets that are there get the value of the file')
    .option('--key-file <file>', 'a file with the master key that it was encrypted with')
    .action(async (file: string, { overwrite = false, keyFile }: ImportOptions) => {
      const text = await readFile(file, 'utf8').catch(unreadable);
      const key = keyFile === undefined ? null : keyOf(keyFile);
      const result = await whileServiceIsDown(cli, {
        task: 'secrets',
        offline: ({ secretTransfer, origin }) =>
          transferError(secretTransfer.import(origin, text, { overwrite, key })),
      });
      const { imported, unchanged } = result;
      cli.print(
        result,
        `${imported.length} secret(s) set, ${unchanged.length} had their value already`,
      );
    });
  return withExamples(command, {
    does: 'from a file store into this one, while the service is down',
    line: 'npx risoluto secrets import /srv/backup/secrets.enc',
  });
}

export function exportCommand(cli: Cli): Command {
  const command = answeringCommand('export')
    .summary('write all secrets to a secrets.enc')
    .description(
      [
        'Writes all secrets to a file in the format of secrets.enc, encrypted with MASTER_KEY, with mode 0600. Leaves one audit row.',
        WHERE,
      ].join('\n\n'),
    )
    .argument('<file>', 'the file')
    .option('--overwrite', 'replace the file if there is one')
    .action(async (file: string, { overwrite = false }: { overwrite?: boolean }) => {
      const secrets = await whileServiceIsDown(cli, {
        task: 'secrets',
        offline: ({ secretTransfer, origin }) =>
          transferError(secretTransfer.export(origin, file, overwrite)),
      });
      cli.print({ file, secrets }, `${secrets} secret(s) written to ${file}`);
    });
  return withExamples(command, {
    does: 'as a file store has them, while the service is down',
    line: 'npx risoluto secrets export /srv/backup/secrets.enc',
  });
}

function unreadable(error: NodeJS.ErrnoException): never {
  throw usageError(`the file cannot be read (${error.code ?? 'unreadable'})`);
}

function keyOf(file: string): Redacted {
  const faults: string[] = [];
  const key = readKeyFile(file, (fault) => faults.push(fault));
  if (key === null)
    throw new CliError(EXIT.usage, `--key-file: ${faults.join()}`, { code: 'usage' });
  return key;
}
