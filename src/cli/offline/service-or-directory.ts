import { setTimeout as sleep } from 'node:timers/promises';

import type { Command } from 'commander';

import { DataDirectoryInUse } from '../../persistence/data-directory-in-use.js';
import { CliError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-codes.js';
import type { ServiceClient } from '../service-client.js';
import { serviceOf } from '../service-command.js';
import type { ServiceOptions } from '../service/service-address.js';
import { ServiceUnreachable } from '../service/service-error.js';
import type { OfflineDirectory } from './offline-directory.js';
import { offlineError } from './offline-error.js';
import type { OfflineTask } from './offline.module.js';

/** How long a service that starts or stops, or another command, may hold the directory. */
const PATIENCE_MS = 15_000;
const PAUSE_MS = 200;

export interface Ways<T> {
  readonly task: OfflineTask;
  /** May be called more than once; only a refused connection leads to another call. */
  online(service: ServiceClient): Promise<T>;
  offline(directory: OfflineDirectory): Promise<T>;
}

/**
 * Through the service. Only where nothing listens at its address, and that address was not given but
 * is this machine's own, in the data directory itself, while holding its lock. What the service
 * refuses stays refused.
 *
 * @throws CliError
 */
export async function throughServiceOrDirectory<T>(
  cli: Cli,
  command: Command,
  ways: Ways<T>,
): Promise<T> {
  const service = serviceOf(cli, command);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ways.online(service);
    } catch (error) {
      if (!nothingListens(error)) throw error;
      if (addressWasGiven(cli, command)) throw error;
    }
    try {
      return await inDirectory(cli, ways);
    } catch (error) {
      if (!(error instanceof DataDirectoryInUse)) throw offlineError(error);
      if (performance.now() > deadline) throw heldError(error, service.url);
    }
    await sleep(PAUSE_MS);
  }
}

/** The connection was refused: no service, and nothing that it could have been told. */
export function nothingListens(error: unknown): boolean {
  if (!(error instanceof ServiceUnreachable)) return false;
  return (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
}

/** Somebody said which service is meant, so that no other will do. */
export function addressWasGiven(cli: Cli, command: Command): boolean {
  const { url } = command.optsWithGlobals<ServiceOptions>();
  return url !== undefined || cli.variable('RISOLUTO_URL') !== undefined;
}

/**
 * What only the data directory itself can do, while no service has it.
 *
 * @throws CliError
 */
export async function whileServiceIsDown<T>(
  cli: Cli,
  ways: Pick<Ways<T>, 'task' | 'offline'>,
): Promise<T> {
  try {
    return await inDirectory(cli, ways);
  } catch (error) {
    if (!(error instanceof DataDirectoryInUse)) throw offlineError(error);
    throw new CliError(EXIT.refused, error.message, {
      code: 'data_directory_in_use',
      hint: 'this command works in the data directory itself: stop the service first',
    });
  }
}

async function inDirectory<T>(cli: Cli, ways: Pick<Ways<T>, 'task' | 'offline'>): Promise<T> {
  // Loaded only here: no other command pays for the database.
  const { OfflineDirectory: offline } = await import('./offline-directory.js');
  const directory = await offline.open(cli.environment, ways.task, (text) => cli.note(text));
  try {
    cli.note(`the service is down: working in DATA_DIR ${directory.path} itself`);
    return await ways.offline(directory);
  } finally {
    await directory.close();
  }
}

function heldError({ message }: DataDirectoryInUse, url: string): CliError {
  return new CliError(EXIT.unreachable, `nothing answers at ${url}, but ${message}`, {
    code: 'data_directory_in_use',
    hint: 'if that process is the service, say where it listens: RISOLUTO_PORT, or --url',
  });
}
