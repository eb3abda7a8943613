import { Command } from 'commander';

import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import { withExamples } from '../help.js';
import { answeringCommand, usageError } from '../service-command.js';

interface TestOptions {
  source: string;
  event?: string;
  config?: string;
}

export function dispatchCommand(cli: Cli): Command {
  const command = new Command('dispatch')
    .description('try the rules that turn webhooks into runs')
    .addCommand(testCommand(cli));
  return withExamples(command, {
    does: 'what would this delivery do?',
    line: 'npx risoluto dispatch test payload.json',
  });
}

function testCommand(cli: Cli): Command {
  const command = answeringCommand('test')
    .summary('say what a saved webhook would do')
    .description(
      'Reads the body of a delivery from a file and says which dispatch rule it would trigger, why the others not, and which run would be asked for, with secrets by their names. Nothing is done: it asks neither the service nor the container engine. Rules are those of risoluto.yaml, without the overlay of a running service. Exits with 0 when a run would be asked for, and with 1 when none would.',
    )
    .argument('<file>', 'the body, as JSON; - for standard input')
    .option('--source <source>', 'linear, github, or the name of a source', 'linear')
    .option('--event <event>', 'of GitHub: what X-GitHub-Event says, such as issues')
    .option('--config <file>', 'this risoluto.yaml, not the one of RISOLUTO_CONFIG')
    .action(async (file: string, options: TestOptions) => {
      const { savedEvent } = await import('../dispatch/saved-payload.js');
      const { decisionText } = await import('../dispatch/decision-text.js');
      const { decisionView } = await import('../../webhooks/dispatch/decision-view.js');
      const { decideDispatch } = await import('../../webhooks/rules/dispatch-decision.js');
      const rules = await rulesOf(cli.environment, options.config);
      const { source, event: name } = options;
      const event = await savedEvent(file, { source, event: name }, cli.stdin);
      const decision = decideDispatch(rules, event);
      cli.print(decisionView(event, decision), () => decisionText(event, decision));
      if (decision.run === null) cli.exitCode = EXIT.negative;
    });
  return withExamples(
    command,
    {
      does: 'a delivery of Linear: 1 where no rule would start a run',
      line: 'npx risoluto dispatch test payload.json',
      exits: 1,
    },
    {
      does: 'one of GitHub, with rules that are not in use yet',
      line: 'npx risoluto dispatch test issue.json --source github --event issues --config new.yaml',
    },
  );
}

async function rulesOf(environment: NodeJS.ProcessEnv, file: string | undefined) {
  const { ConfigurationError } = await import('../../config/configuration-error.js');
  const { environmentWith } = await import('../configuration/check-configuration.js');
  const { judgedSettings } = await import('../../judged-settings.js');
  try {
    return judgedSettings(environmentWith(environment, file)).dispatch;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw usageError('the configuration is wrong', error.problems.join('\n'));
  }
}
