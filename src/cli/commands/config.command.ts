import { Command } from 'commander';

import type { Cli } from '../cli.js';
import type { ConfigurationReport } from '../configuration/check-configuration.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { answeringCommand } from '../service-command.js';

interface ConfigOptions {
  file?: string;
}

export function configCommand(cli: Cli): Command {
  const command = new Command('config')
    .description('check, show and set what the service would start with')
    .addCommand(checkCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(setCommand(cli));
  return withExamples(command, {
    does: 'would the service start?',
    line: 'npx risoluto config check',
  });
}

function checkCommand(cli: Cli): Command {
  const command = answeringCommand('check')
    .summary('check the environment and risoluto.yaml')
    .description(
      'Reads the environment and risoluto.yaml as a start of the service does, and looks at the files, directories and addresses that they name, as the user that runs this. Names every problem by its variable or key and the rule, never by the value. Exits with 1 when there is one. It asks neither the service nor the container engine: risoluto doctor does.',
    )
    .option('--file <file>', 'this risoluto.yaml, not the one of RISOLUTO_CONFIG')
    .action(async ({ file }: ConfigOptions) => {
      const { checkConfiguration, environmentWith } =
        await import('../configuration/check-configuration.js');
      const report = await checkConfiguration(environmentWith(cli.environment, file));
      const ok = report.problems.length === 0;
      cli.print({ ok, ...report }, () => describe(report));
      if (!ok) cli.exitCode = EXIT.negative;
    });
  return withExamples(
    command,
    { does: 'before a start', line: 'npx risoluto config check' },
    {
      does: 'a file that is not in use yet',
      line: 'npx risoluto config check --file config/risoluto.yaml',
    },
  );
}

function describe({ file, problems, warnings }: ConfigurationReport): string {
  const remarks = warnings.map((warning) => `warning: ${warning}`);
  if (problems.length > 0) return [...problems, ...remarks].join('\n');
  const source = file === null ? 'no risoluto.yaml, so its defaults' : file;
  return [...remarks, `the configuration is right (the environment, and ${source})`].join('\n');
}

function showCommand(cli: Cli): Command {
  const command = answeringCommand('show')
    .summary('show the effective settings')
    .description(
      'Shows what the service would start with, defaults included, as YAML. A secret shows only that it is set. A running service tells the same at GET /api/v1/config.',
    )
    .option('--file <file>', 'this risoluto.yaml, not the one of RISOLUTO_CONFIG')
    .action(async ({ file }: ConfigOptions) => {
      const { effectiveSettings } = await import('../configuration/effective-settings.js');
      const { view, yaml } = effectiveSettings(cli.environment, file);
      cli.print(view, yaml);
    });
  return withExamples(
    command,
    { does: 'everything', line: 'npx risoluto config show' },
    { does: 'for a script', line: 'npx risoluto config show --json' },
  );
}

function setCommand(cli: Cli): Command {
  const command = answeringCommand('set')
    .summary('set a key of risoluto.yaml')
    .description(
      'Sets one key of risoluto.yaml and leaves its comments, order and style as they are. The key is dotted, a number is a place in a list; the value is one line of YAML. What the service would not start with is refused, and the file stays as it was. A running service reads the file when it is started anew.',
    )
    .argument('<key>', 'such as codex.sandbox.image')
    .argument('<value>', 'such as true, 300 or a text')
    .option('--file <file>', 'this risoluto.yaml, not the one of RISOLUTO_CONFIG')
    .action(async (key: string, value: string, { file }: ConfigOptions) => {
      const { setInFile } = await import('../configuration/set-in-file.js');
      const named = file ?? cli.variable('RISOLUTO_CONFIG') ?? 'config/risoluto.yaml';
      const change = setInFile(named, key, value);
      const done = change.changed ? 'is set' : 'was so already';
      cli.print({ key, ...change }, `${key} ${done} in ${change.file}`);
    });
  return withExamples(
    command,
    { does: 'a limit', line: 'npx risoluto config set rateLimits.api.limit 300' },
    {
      does: 'in another file',
      line: 'npx risoluto config set codex.sandbox.security.gvisor true --file risoluto.yaml',
    },
  );
}
