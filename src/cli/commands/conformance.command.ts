import { writeFileSync } from 'node:fs';

import type { Command } from 'commander';

import type { SuiteReport } from '../../conformance/suite.js';
import type { Cli } from '../cli.js';
import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { printable } from '../printable.js';
import { Interrupts } from '../run/interrupts.js';
import { serviceCommand, serviceOf, usageError } from '../service-command.js';
import { remarking } from '../waiting.js';

const DEFAULT_WIDTH = 100;

const DESCRIPTION = `Tries from inside real sandboxes, under the configured policy, what a sandbox must not be able to do.

Each probe has its positive control: the same try where it must succeed. A probe whose control fails
is INCONCLUSIVE and counts as a failure; one that cannot be tried here is n/a, and says why. Run it on
the service's host, as a user who may use the engine's socket: most controls need it.

It starts some twenty short runs on issues CONFORMANCE-…, and removes them, their workspaces, its two
secrets and its containers at the end. The network probes try to reach metadata, public and private
addresses from inside; where the fence holds, nothing of that leaves the host.
--no-network-probes leaves them out.`;

interface ConformanceOptions {
  junit?: string;
  only?: string[];
  listedHost?: string;
  networkProbes: boolean;
}

export function conformanceCommand(cli: Cli): Command {
  const command = serviceCommand('conformance')
    .summary('try from inside what a sandbox must not be able to do')
    .description(DESCRIPTION)
    .option('--junit <file>', 'write the report as JUnit XML too; - is standard output, alone')
    .option('--only <id>', 'only this probe; may be given again', gather)
    .option('--listed-host <host[:port]>', 'the host of the allowlist to connect to; its first one')
    .option('--no-network-probes', 'leave out what tries to send packets')
    .action(async (options: ConformanceOptions) => {
      const report = await remarking(
        cli,
        'trying; this takes a minute',
        tried(cli, command, options),
      );
      answer(cli, report, options.junit, await reporters());
      if (!report.ok) cli.exitCode = EXIT.negative;
    });
  return withExamples(
    command,
    { does: 'does this host hold what it promises?', line: 'npx risoluto conformance' },
    {
      does: 'for CI: the report as XML',
      line: 'npx risoluto conformance --only P1 --only F1 --junit conformance.xml',
    },
    {
      does: 'for a program',
      line: 'npx risoluto conformance --only P1 --json',
    },
  );
}

/** Loaded only where it is needed: it brings the engine's client along. */
async function tried(
  cli: Cli,
  command: Command,
  options: ConformanceOptions,
): Promise<SuiteReport> {
  const { conformance, unknownIds } = await import('../../conformance/conformance.js');
  const unknown = unknownIds(options.only ?? []);
  if (unknown.length > 0) throw usageError(`--only: there is no probe ${unknown.join(', ')}`);
  const interrupts = new Interrupts(cli.signals);
  interrupts.onSecond(() => cli.leave(EXIT.cancelled));
  try {
    return await conformance(serviceOf(cli, command), {
      dockerHost: cli.variable('DOCKER_HOST') ?? null,
      network: options.networkProbes,
      only: options.only ?? null,
      listed: options.listedHost ?? null,
      signal: interrupts.signal,
      onLeft: (what) => cli.note(`could not be removed: ${what}`),
    });
  } catch (error) {
    if (!interrupts.happened) throw error;
    throw new CliError(EXIT.cancelled, 'interrupted; what was started is removed', {
      code: 'cancelled',
    });
  } finally {
    interrupts.close();
  }
}

async function reporters() {
  const [{ tableText }, { junitXml }] = await Promise.all([
    import('../../conformance/reports/table.js'),
    import('../../conformance/reports/junit.js'),
  ]);
  return { tableText, junitXml };
}

function answer(
  cli: Cli,
  report: SuiteReport,
  junit: string | undefined,
  { tableText, junitXml }: Awaited<ReturnType<typeof reporters>>,
): void {
  if (junit === '-') return void cli.stdout.write(junitXml(report));
  if (junit !== undefined) writeReport(junit, junitXml(report));
  const colour = cli.stdout.isTTY === true && cli.variable('NO_COLOR') === undefined;
  const width = cli.stdout.columns ?? DEFAULT_WIDTH;
  cli.printStyled(report, () => tableText(report, { colour, width, printable }));
}

function writeReport(file: string, xml: string): void {
  try {
    writeFileSync(file, xml);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unwritable';
    throw usageError(`--junit: ${file} cannot be written (${code})`);
  }
}

function gather(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
