import { Redacted } from '../kernel/redacted.js';

/** Variables that unlock this service or its parts; no sandbox may have them. */
const OWN = /^(RISOLUTO_|MASTER_KEY|DATABASE_URL$|REDIS_URL$|DOCKER_HOST$|DATA_DIR$)/;

/**
 * The values of the variables that every run gets from the service's own environment. One that is
 * not set is left out. A variable of the service's own is a problem.
 */
export function readPassedEnvironment(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
  report: (problem: string) => void,
): Readonly<Record<string, Redacted>> {
  const passed: Record<string, Redacted> = {};
  for (const name of names) {
    const value = env[name];
    if (OWN.test(name)) {
      report(`codex.sandbox.envPassthrough: ${name} belongs to the service and is never passed on`);
    } else if (value !== undefined) {
      passed[name] = new Redacted(value);
    }
  }
  return passed;
}
