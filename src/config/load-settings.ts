import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { ConfigurationError } from './configuration-error.js';
import { deepFreeze } from './deep-freeze.js';
import { readEnvironment } from './environment.js';
import { readPassedEnvironment } from './passed-environment.js';
import { HARDENED_PROFILE } from './seccomp-setting.js';
import type { Settings } from './settings.js';
import { defaultYaml, readYamlFile, type YamlFile } from './yaml-file.js';
import { MOST_WEBHOOK_SECRETS } from './webhooks-schema.js';

/**
 * The environment and `risoluto.yaml` as one frozen, validated object.
 *
 * @throws ConfigurationError with every problem found, so that one start shows them all.
 */
export function loadSettings(env: NodeJS.ProcessEnv): Settings {
  const problems: string[] = [];
  const report = (problem: string) => void problems.push(problem);

  const { configFileRequired, ...environment } = readEnvironment(env, report);
  const file = environment.paths.configFile;
  const present = file !== null && (configFileRequired || existsSync(file));
  const yaml = readFileSettings(present ? file : null, report);
  const passed = readPassedEnvironment(
    yaml?.settings.codex.sandbox.envPassthrough ?? [],
    env,
    report,
  );
  const named = yaml?.settings.webhooks.linear.secrets.length ?? 0;
  if (named + environment.linearWebhookSecrets.length > MOST_WEBHOOK_SECRETS) {
    report(
      `webhooks.linear.secrets: at most ${MOST_WEBHOOK_SECRETS} with those of the environment (RISOLUTO_LINEAR_WEBHOOK_SECRET)`,
    );
  }
  if (yaml === null || problems.length > 0) throw new ConfigurationError(problems);
  return deepFreeze({
    ...environment,
    paths: { ...environment.paths, configFile: present ? file : null },
    ...yaml.settings,
    passedEnvironment: passed,
    configuredKeys: yaml.configuredKeys,
  });
}

/** What a start takes from the file, or the defaults for `null`; `null` when there was a problem. */
export function readFileSettings(
  file: string | null,
  report: (problem: string) => void,
): YamlFile | null {
  const yaml = file === null ? defaultYaml() : readYamlFile(file, report);
  if (yaml === null) return null;
  const { security } = yaml.settings.codex.sandbox;
  // A relative path means the same wherever the service is started from: the file that names it.
  if (security.seccompProfile !== '' && security.seccompProfile !== HARDENED_PROFILE) {
    security.seccompProfile = resolve(file ?? '.', '..', security.seccompProfile);
  }
  return yaml;
}
