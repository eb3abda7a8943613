import { run } from '../lib/command.mjs';

/**
 * The package sources of this machine's own apt, so that a mirror that was configured once serves
 * here too. Empty where there is no apt.
 *
 * @returns {Promise<{uri: string, suite: string, component: string}[]>}
 */
export async function aptTargets() {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)';
  const text = await run('apt-get', [
    'indextargets',
    '--format',
    format,
    'Created-By: Packages',
  ]).catch(() => '');
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([uri, , component, origin]) => uri && component === 'main' && origin === 'Debian')
    .map(([uri, suite, component]) => ({ uri, suite, component }));
}

/** Its proxies and TLS settings, as lines of an apt.conf. */
export async function aptTransport() {
  const text = await run('apt-config', ['dump', 'Acquire::http', 'Acquire::https']).catch(() => '');
  return text
    .split('\n')
    .filter((line) => /^Acquire::https?(::[\w.-]+)* ".+";$/.test(line))
    .join('\n');
}
