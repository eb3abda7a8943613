import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A value that stands nowhere by chance, with characters that every encoding changes. */
export function newCanary(word: string): string {
  return `${word}/+ ?&="${randomBytes(18).toString('base64')}"é`;
}

/** As `newCanary`, for places that take letters and digits alone. */
export function newTokenCanary(word: string): string {
  return `${word}${randomBytes(24).toString('hex')}`;
}

/**
 * Which of the values stand in the bytes: as they are, in hex, percent-encoded, as the inside of a
 * JSON text, or in base64 at any of its three alignments. Written apart from the masking that it
 * watches over.
 */
export function leaksIn(
  haystack: Buffer | string,
  canaries: Readonly<Record<string, string>>,
): string[] {
  const text = (Buffer.isBuffer(haystack) ? haystack : Buffer.from(haystack)).toString('latin1');
  const lower = text.toLowerCase();
  return Object.entries(canaries).flatMap(([name, value]) => {
    const bytes = Buffer.from(value);
    const exact = {
      raw: bytes.toString('latin1'),
      json: Buffer.from(JSON.stringify(value).slice(1, -1)).toString('latin1'),
      base64: coreOf(bytes, 0),
      'base64, shifted by one': coreOf(bytes, 1),
      'base64, shifted by two': coreOf(bytes, 2),
    };
    const folded = {
      hex: bytes.toString('hex'),
      url: encodeURIComponent(value).toLowerCase(),
      'every byte percent-encoded': bytes.toString('hex').replaceAll(/../g, '%$&'),
    };
    return [
      ...Object.entries(exact).filter(([, form]) => has(text, form)),
      ...Object.entries(folded).filter(([, form]) => lower.includes(form)),
    ].map(([form]) => `${name} (${form})`);
  });
}

/** In both alphabets of base64. */
function has(text: string, form: string): boolean {
  return text.includes(form) || text.includes(form.replaceAll('+', '-').replaceAll('/', '_'));
}

/** The characters of a base64 text that hold bits of these bytes alone. */
function coreOf(bytes: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const first = shift === 0 ? 0 : shift + 1;
  return encoded.slice(first, Math.floor(((shift + bytes.length) * 8) / 6));
}

/** Leaks in the names and bytes of all files below a directory. */
export async function leaksBelow(
  directory: string,
  canaries: Readonly<Record<string, string>>,
): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    found.push(...leaksIn(path, canaries).map((leak) => `${path}: ${leak} in its name`));
    if (!entry.isFile()) continue;
    found.push(...leaksIn(await readFile(path), canaries).map((leak) => `${path}: ${leak}`));
  }
  return found;
}

/** Leaks in the arguments and environments of all processes of this machine but the excepted ones. */
export async function leaksInProcesses(
  canaries: Readonly<Record<string, string>>,
  isExcepted: (pid: number, cgroup: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`).catch(() => Buffer.alloc(0));
    if (isExcepted(Number(pid), (await read('cgroup')).toString())) continue;
    for (const file of ['cmdline', 'environ']) {
      const leaks = leaksIn(await read(file), canaries);
      found.push(...leaks.map((leak) => `${pid}/${file}: ${leak}`));
    }
  }
  return found;
}
