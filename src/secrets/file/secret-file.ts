import { createHash } from 'node:crypto';
import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

const PRIVATE = 0o600;

/**
 * `secrets.enc` and, beside it, the one that is to take its place. Each step is durable when it
 * resolves.
 */
export class SecretFile {
  readonly #next: string;

  constructor(private readonly file: string) {
    this.#next = `${file}.next`;
  }

  read(): Promise<string | null> {
    return readFile(this.file, 'utf8').catch(nullIfMissing);
  }

  async digest(): Promise<string | null> {
    return digestOf(await this.read());
  }

  async digestOfNext(): Promise<string | null> {
    return digestOf(await readFile(this.#next, 'utf8').catch(nullIfMissing));
  }

  /** Risoluto 0.6 may have left it readable by others. */
  async closeToOthers(): Promise<void> {
    await chmod(this.file, PRIVATE).catch(nullIfMissing);
  }

  /** Writes the one that is to take its place. */
  async prepare(text: string): Promise<void> {
    await writePrivate(this.#next, text);
  }

  /** Puts it in place. */
  async promote(): Promise<void> {
    await rename(this.#next, this.file);
    await syncDirectoryOf(this.file);
  }

  async discardNext(): Promise<void> {
    await rm(this.#next, { force: true });
  }
}

export function digestOf(text: string): string;
export function digestOf(text: string | null): string | null;
export function digestOf(text: string | null): string | null {
  return text === null ? null : createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Makes the file anew with mode 0600; durable, with its name, when it resolves. */
export async function writePrivate(file: string, text: string): Promise<void> {
  await rm(file, { force: true });
  const handle = await open(file, 'wx', PRIVATE);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectoryOf(file);
}

export async function syncDirectoryOf(file: string): Promise<void> {
  const handle = await open(dirname(file), 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
