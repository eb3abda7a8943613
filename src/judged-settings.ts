import { dispatchedAgentProblems } from './agents/dispatched-agents.js';
import { ConfigurationError } from './config/configuration-error.js';
import { loadSettings } from './config/load-settings.js';
import type { Settings } from './config/settings.js';
import type { KeyProblem } from './config/yaml-file.js';
import { ruleProblems } from './webhooks/rules/rule-problems.js';

/** What the modules find wrong with settings whose every value is right by itself. */
export function settingsProblems(
  settings: Pick<Settings, 'dispatch' | 'codex' | 'configuredKeys'>,
): KeyProblem[] {
  return [...ruleProblems(settings), ...dispatchedAgentProblems(settings)];
}

/**
 * The settings that a service starts with: what the environment and `risoluto.yaml` say, and found
 * right as a whole by the modules that they are for.
 *
 * @throws ConfigurationError with every problem found
 */
export function judgedSettings(env: NodeJS.ProcessEnv): Settings {
  const settings = loadSettings(env);
  const problems = settingsProblems(settings);
  if (problems.length === 0) return settings;
  const file = settings.paths.configFile ?? 'risoluto.yaml';
  throw new ConfigurationError(problems.map(({ key, rule }) => `${file}: ${key}: ${rule}`));
}
