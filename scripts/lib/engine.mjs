const DEFAULT_HOST = 'unix:///var/run/docker.sock';
const PING_MS = 5000;

/** Where an engine is looked for: `DOCKER_HOST`, else the default socket. */
export function engineHost() {
  return process.env.DOCKER_HOST || DEFAULT_HOST;
}

/** Needs the installed dependencies.
 * @returns {Promise<import('dockerode')>} */
export async function engineClient() {
  const { default: Docker } = await import('dockerode');
  return new Docker();
}

/**
 * @param {import('dockerode')} docker
 * @returns {Promise<string | null>} null when it answers, else why not
 */
export async function engineSilence(docker) {
  try {
    await docker.ping({ abortSignal: AbortSignal.timeout(PING_MS) });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * @param {import('dockerode')} docker
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} it answers
 */
export async function engineAnswers(docker, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  while ((await engineSilence(docker)) !== null) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return true;
}
