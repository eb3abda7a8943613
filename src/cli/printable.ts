/** Control characters but line ends and tabulators, and those that turn the direction of text. */
const UNSEEN = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text of others for a person: what could move a terminal's cursor, name its window or hide a part of
 * the text is shown as an escape. What a run itself printed does not come this way.
 */
export function printable(text: string): string {
  return text.replace(UNSEEN, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`;
  });
}
