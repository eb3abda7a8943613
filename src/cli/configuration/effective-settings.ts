import { stringify } from 'yaml';

import { ConfigurationError } from '../../config/configuration-error.js';
import { loadSettings } from '../../config/load-settings.js';
import { configView } from '../../settings/config-view.js';
import { usageError } from '../service-command.js';
import { environmentWith } from './check-configuration.js';

/**
 * What `GET /api/v1/config` would answer, and the same as YAML.
 * @throws CliError `usage` naming every problem
 */
export function effectiveSettings(environment: NodeJS.ProcessEnv, file: string | undefined) {
  try {
    const view = configView(loadSettings(environmentWith(environment, file)));
    return { view, yaml: stringify(view) };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw usageError('the configuration is wrong', error.problems.join('\n'));
  }
}
