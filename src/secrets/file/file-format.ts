import type { Sealed } from '../crypto/sealed.js';

const ALGORITHM = 'aes-256-gcm';

/** `secrets.enc`, byte for byte as Risoluto 0.6 writes it. */
export function formatFile({ iv, authTag, ciphertext }: Sealed): string {
  const file = { version: 1, algorithm: ALGORITHM, iv, authTag, ciphertext };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** `null` for a text that is no such file. */
export function parseFile(text: string): Sealed | null {
  const file = parseObject(text);
  if (file === null || file.version !== 1 || file.algorithm !== ALGORITHM) return null;
  const { iv, authTag, ciphertext } = file;
  const whole =
    typeof iv === 'string' && typeof authTag === 'string' && typeof ciphertext === 'string';
  return whole ? { iv, authTag, ciphertext } : null;
}

/** What the file's ciphertext holds. */
export function formatValues(values: ReadonlyMap<string, string>): string {
  // `fromEntries` defines properties, so `__proto__` is a name like any other.
  return JSON.stringify(Object.fromEntries(values));
}

/** `null` for a text that is no map of texts. */
export function parseValues(text: string): Map<string, string> | null {
  const values = parseObject(text);
  if (values === null) return null;
  const entries = Object.entries(values);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
    ? new Map(entries)
    : null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const isMap = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isMap ? (parsed as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
