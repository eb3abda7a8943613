import { Command } from 'commander';

import { withExamples } from '../help.js';

export function serveCommand(): Command {
  const command = new Command('serve')
    .summary('run the service, in the foreground')
    .description(
      'Runs the service in the foreground, from the environment and risoluto.yaml alone: the same as npm start. SIGTERM and SIGINT stop it cleanly. Exits with 78 when the configuration is wrong (risoluto config check says why beforehand) and with 1 when it cannot start for another reason.',
    )
    .action(async () => {
      await import('reflect-metadata');
      const { serve } = await import('../../serve.js');
      await serve();
    });
  return withExamples(command, { does: 'as npm start does', line: 'npx risoluto serve' });
}
