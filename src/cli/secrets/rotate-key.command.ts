import type { Command } from 'commander';

import type { Cli } from '../cli.js';
import { withExamples } from '../help.js';
import { throughServiceOrDirectory } from '../offline/service-or-directory.js';
import { serviceCommand } from '../service-command.js';
import { remarking } from '../waiting.js';

interface RotationView {
  rotated: boolean;
  secrets: number;
  others: number;
}

/** A store of ten thousand secrets takes seconds. */
const TIMEOUT_MS = 300_000;

export function rotateKeyCommand(cli: Cli): Command {
  const command = serviceCommand('rotate-key')
    .summary('encrypt everything with the new master key')
    .description(
      [
        'Encrypts everything that is under the key before with the new one, in one transaction: secrets, and the values of runs whose command goes on. Interrupted, it has done all or nothing; repeated, it finds nothing to do.',
        'First start the service with the new key as MASTER_KEY and the one before as MASTER_KEY_PREVIOUS (or MASTER_KEY_FILE and MASTER_KEY_PREVIOUS_FILE). No key is on a command line or crosses the network. Afterwards start it with the new one alone.',
        'Through the service; while it is down, in its data directory itself (with both keys in this command’s environment), unless an address was given.',
      ].join('\n\n'),
    )
    .action(async () => {
      const rotation = throughServiceOrDirectory<RotationView>(cli, command, {
        task: 'secrets',
        online: (service) =>
          service.request('POST', '/master-key/rotation', { timeoutMs: TIMEOUT_MS }),
        offline: ({ keyRotation, origin }) => keyRotation.rotate(origin),
      });
      const result = await remarking(cli, 'encrypting everything anew', rotation);
      cli.print(result, () => describe(result));
    });
  return withExamples(command, {
    does: 'with a service that was started with both keys',
    line: 'npx risoluto secrets rotate-key',
  });
}

function describe({ rotated, secrets, others }: RotationView): string {
  if (!rotated) return 'everything is under MASTER_KEY already: nothing was changed';
  const runs = others === 0 ? '' : ` and the values of ${others} running command(s)`;
  return `${secrets} secret(s)${runs} are under MASTER_KEY now; start the service without MASTER_KEY_PREVIOUS, and put a copy of the new key away`;
}
