/** The one place where the process's environment is touched; everything else is given it. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}
