import { OutputMasker, type MaskPatterns } from './output-masker.js';

/** A text with every form of the values as `***`; unlike a stream it is whole. */
export function maskedText(patterns: MaskPatterns, text: string): string {
  if (patterns.none || text === '') return text;
  const masker = new OutputMasker(patterns);
  const decided = masker.push(Buffer.from(text, 'utf8'));
  return Buffer.concat([decided, masker.end()]).toString('utf8');
}

/** JSON data with every text in it masked, names too. */
export function maskedData(patterns: MaskPatterns, data: unknown): unknown {
  if (patterns.none) return data;
  if (typeof data === 'string') return maskedText(patterns, data);
  if (typeof data === 'number') {
    const text = String(data);
    const masked = maskedText(patterns, text);
    return masked === text ? data : masked;
  }
  if (Array.isArray(data)) return data.map((one) => maskedData(patterns, one));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [
      maskedText(patterns, name),
      maskedData(patterns, value),
    ]),
  );
}
