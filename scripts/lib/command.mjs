import { spawn } from 'node:child_process';

const TAIL_LINES = 40;

/**
 * Runs a command to its end. Answers its standard output; throws with the last lines of all that it
 * printed when it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void, input?: string}} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, { cwd, env, onLine, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    /** @type {string[]} */
    const tail = [];
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk) => {
        if (stream === child.stdout) stdout += chunk;
        const lines = (rest + chunk).split(/\r?\n|\r/);
        rest = lines.pop() ?? '';
        for (const line of lines.filter((text) => text.trim() !== '')) {
          tail.push(line);
          if (tail.length > TAIL_LINES) tail.shift();
          onLine?.(line);
        }
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const how = signal === null ? `exit code ${code}` : signal;
      reject(new Error(`${[command, ...args].join(' ')}: ${how}\n${tail.join('\n')}`));
    });
    if (input !== undefined) child.stdin?.end(input);
  });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<boolean>} it could be run and its exit code was 0
 */
export function succeeds(command, args) {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
