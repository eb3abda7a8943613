import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import type { HardeningReport } from '../../hardening/dto/hardening.dto.js';
import { Redacted } from '../../kernel/redacted.js';
import { proveKey } from '../../secrets/crypto/key-proof.js';
import type { Cli } from '../cli.js';
import { checklistSource } from '../doctor/checklist-source.js';
import { checklistText, repairsText } from '../doctor/checklist-text.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { serviceCommand, serviceOf, usageError } from '../service-command.js';
import { remarking } from '../waiting.js';

const BACKUP = 'master-key-backup';
const DEFAULT_WIDTH = 100;
const CHECKING = 'checking; some items start a container';

interface DoctorOptions {
  strict?: boolean;
  fix?: boolean;
  acknowledge?: string;
  keyFile?: string;
}

export function doctorCommand(cli: Cli): Command {
  const command = serviceCommand('doctor')
    .summary('check this installation, and print how to mend it')
    .description(
      'Asks the service for its checklist; where it does not answer and no address was given, checks this machine without it. Exits with 1 when an item fails.',
    )
    .option('--strict', 'exit with 1 for a warning too')
    .option('--fix', 'put right what is safe: modes of the service’s own files, its fence')
    .option('--acknowledge <item>', `say that it is done, where no program can see it: ${BACKUP}`)
    .option('--key-file <file>', 'with --acknowledge: compare this copy with the key in use first')
    .action(async (options: DoctorOptions) => {
      if (options.keyFile !== undefined && options.acknowledge === undefined) {
        throw usageError('--key-file goes with --acknowledge');
      }
      if (options.acknowledge !== undefined) return acknowledge(cli, command, options);
      const source = checklistSource(cli, command);
      if (!options.fix) {
        const report = await remarking(cli, CHECKING, source.read());
        cli.printStyled(report, () => shown(cli, report));
        return conclude(cli, report, options);
      }
      const result = await remarking(cli, CHECKING, source.repair());
      cli.printStyled(
        result,
        () => `${repairsText(result.repairs)}\n\n${shown(cli, result.report)}`,
      );
      conclude(cli, result.report, options);
    });
  return withExamples(
    command,
    { does: 'how does this installation stand?', line: 'npx risoluto doctor' },
    {
      does: 'for a script: 1 for a warning too',
      line: 'npx risoluto doctor --strict --json',
      exits: 1,
    },
    {
      does: 'the copy of the master key is the key in use',
      line: `npx risoluto doctor --acknowledge ${BACKUP} --key-file /srv/backup/master.key`,
    },
  );
}

/** The key itself stays here: what is sent shows only that this program has it. */
async function acknowledge(cli: Cli, command: Command, options: DoctorOptions): Promise<void> {
  if (options.acknowledge !== BACKUP) throw usageError(`--acknowledge takes ${BACKUP}`);
  const { keyFile } = options;
  const body = keyFile === undefined ? {} : { proof: proveKey(readKey(keyFile)) };
  await serviceOf(cli, command).request('PUT', `/hardening/acknowledgements/${BACKUP}`, { body });
  cli.print({ acknowledged: BACKUP, compared: keyFile !== undefined }, () =>
    keyFile === undefined
      ? 'acknowledged; nothing was compared (--key-file COPY does)'
      : `acknowledged; ${keyFile} holds the key in use`,
  );
}

/** As the service reads `MASTER_KEY_FILE`. */
function readKey(file: string): Redacted {
  try {
    const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (content !== '') return new Redacted(content);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw usageError(`--key-file: ${file} cannot be read (${code})`);
  }
  throw usageError(`--key-file: ${file} is empty`);
}

function shown(cli: Cli, { items }: HardeningReport): string {
  const colour = cli.stdout.isTTY === true && cli.variable('NO_COLOR') === undefined;
  return checklistText(items, { colour, width: cli.stdout.columns ?? DEFAULT_WIDTH });
}

function conclude(cli: Cli, { status }: HardeningReport, { strict }: DoctorOptions): void {
  const bad = status === 'fail' || (strict === true && status === 'warn');
  if (bad) cli.exitCode = EXIT.negative;
}
