const MAX_SHOWN = 100;

/** As people compare what Linear shows: whatever the case, the form of accents, the space around. */
export function sameName(one: string, other: string): boolean {
  return folded(one) === folded(other);
}

function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}

/** A text of others inside a sentence: bounded, valid Unicode, and its end is seen. */
export function quoted(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return `“${Buffer.from(shown).toString()}”`;
}

export function inWords(names: readonly string[], word: 'or' | 'and' = 'or'): string {
  const shown = names.slice(0, 10).map(quoted);
  const rest = names.length - shown.length;
  if (rest > 0) shown.push(`${rest} more`);
  const last = shown.pop() ?? '';
  return shown.length === 0 ? last : `${shown.join(', ')} ${word} ${last}`;
}
