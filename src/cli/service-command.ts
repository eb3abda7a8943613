import { Command } from 'commander';

import { isLoopbackHost } from '../auth/local-request.js';
import { CliError } from './cli-error.js';
import type { Cli } from './cli.js';
import { EXIT } from './exit-codes.js';
import { ServiceClient } from './service-client.js';
import { serviceAddress, type ServiceOptions } from './service/service-address.js';

const SERVICE_OPTIONS = 'Service:';

/** A command that answers something: it takes `--json`. */
export function answeringCommand(name: string): Command {
  return new Command(name).option('--json', 'answer in JSON, errors too');
}

/** A command that asks the service: it takes its address and a token as well. */
export function serviceCommand(name: string): Command {
  return withServiceOptions(answeringCommand(name));
}

export function withServiceOptions(command: Command): Command {
  return command
    .addOption(
      command
        .createOption('--url <url>', 'where the service is (RISOLUTO_URL)')
        .helpGroup(SERVICE_OPTIONS),
    )
    .addOption(
      command
        .createOption(
          '--token-file <file>',
          'a file with the token (RISOLUTO_WRITE_TOKEN, RISOLUTO_READ_TOKEN)',
        )
        .helpGroup(SERVICE_OPTIONS),
    );
}

/**
 * The service that the command's options and the environment mean. Warns once when a token would
 * cross a network in plain text.
 *
 * @throws CliError
 */
export function serviceOf(cli: Cli, command: Command): ServiceClient {
  const options = command.optsWithGlobals<ServiceOptions>();
  const address = serviceAddress(options, (name) => cli.variable(name));
  const carriesToken = address.readToken !== null || address.writeToken !== null;
  if (
    carriesToken &&
    address.url.startsWith('http:') &&
    !isLoopbackHost(new URL(address.url).host)
  ) {
    cli.note(`the token goes to ${address.url} unencrypted; use https beyond this machine`);
  }
  return new ServiceClient(address);
}

/** What the command line or the input has wrong. */
export function usageError(message: string, hint?: string): CliError {
  return new CliError(EXIT.usage, message, { code: 'usage', ...(hint !== undefined && { hint }) });
}
