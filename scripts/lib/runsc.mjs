/** What Risoluto needs of gVisor's runtime, by the name of each argument. */
const ARGUMENTS = Object.freeze({
  // The container's own namespace: an older runsc takes itself to be in the machine's otherwise.
  '--network': '--network=host',
  // Without it a seccomp profile is ignored without a word.
  '--oci-seccomp': '--oci-seccomp',
});

/** How the engine's configuration registers runsc. */
export function runscRuntime(path = '/usr/bin/runsc') {
  return { path, runtimeArgs: Object.values(ARGUMENTS) };
}

/**
 * @param {string[]} present arguments that are registered already; kept as they are
 * @returns {string[]} those and what is missing
 */
export function completeRunscArguments(present) {
  const names = new Set(present.map((argument) => argument.split('=')[0]));
  const missing = Object.entries(ARGUMENTS).filter(([name]) => !names.has(name));
  return [...present, ...missing.map(([, argument]) => argument)];
}
