import { ConfigurationError } from '../../config/configuration-error.js';
import { DomainError } from '../../kernel/domain-error.js';
import { StartupError } from '../../kernel/startup-error.js';
import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-codes.js';

/** What went wrong in the data directory, as the service would have answered it. */
export function offlineError(error: unknown): unknown {
  if (error instanceof ConfigurationError) {
    return new CliError(EXIT.usage, 'the configuration is wrong', {
      code: 'configuration',
      hint: error.problems.join('\n'),
    });
  }
  if (error instanceof StartupError) {
    return new CliError(EXIT.refused, error.message, { code: 'data_directory' });
  }
  if (!(error instanceof DomainError)) return error;
  if (error.code === 'secrets_locked') {
    return new CliError(EXIT.refused, 'secrets_locked: the master key is not set', {
      code: error.code,
      hint: 'the service is down, so this command needs its key: set MASTER_KEY_FILE (or MASTER_KEY) as for the service',
    });
  }
  return new CliError(EXIT.refused, `${error.code}: ${error.message}`, {
    code: error.code,
    details: error.details ?? [],
  });
}
