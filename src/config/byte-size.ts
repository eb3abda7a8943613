import { z } from 'zod';

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/**
 * A number of bytes, written as a whole number or as Docker and Risoluto 0.6 write it: `512m`, `4g`,
 * `10GiB` (units are powers of 1024, case-insensitive). The output is a whole number of bytes.
 */
export const byteSize = z.union([z.number(), z.string()]).transform((value, context) => {
  const bytes = typeof value === 'number' ? value : parseByteSize(value);
  if (bytes === null || !Number.isSafeInteger(bytes) || bytes < 0) {
    context.addIssue({
      code: 'custom',
      message: 'must be a whole number of bytes, or one with a unit such as 512m or 4g',
    });
    return z.NEVER;
  }
  return bytes;
});

function parseByteSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim());
  if (!match) return null;
  const factor = UNITS[(match[2] ?? '').toLowerCase()];
  return factor === undefined ? null : Math.round(Number(match[1]) * factor);
}
