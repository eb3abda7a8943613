import { readFile } from 'node:fs/promises';

import { chooseResolvers } from './resolvers.js';

const HOST_FILES = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'] as const;

/** Reads the host's resolvers anew for each sandbox: a laptop changes them while the service runs. */
export class Resolvers {
  readonly #configured: readonly string[];
  readonly #files: readonly string[];

  constructor(configured: readonly string[], files: readonly string[] = HOST_FILES) {
    this.#configured = configured;
    this.#files = files;
  }

  /** Empty when there is none that a sandbox could ask. Never throws. */
  async forOpenSandbox(): Promise<string[]> {
    const texts = await Promise.all(
      this.#files.map((file) => readFile(file, 'utf8').catch(() => '')),
    );
    return chooseResolvers(this.#configured, texts);
  }
}
