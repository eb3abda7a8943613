const HEADER_BYTES = 12;
const ANSWERED = new Set([0, 3]);

/** A query of one question, as UDP carries it; Latin-1. */
export function dnsQuery(name: string, type: 'A' | 'TXT'): string {
  const header = Buffer.from([0x52, 0x69, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = name
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  const question = Buffer.from([0, 0, type === 'A' ? 1 : 16, 0, 1]);
  return Buffer.concat([header, ...labels, question]).toString('latin1');
}

/** Whether somebody who knows the name, or knows that it does not exist, has answered. Pure. */
export function isDnsAnswer(answer: string): boolean {
  if (answer.length < HEADER_BYTES) return false;
  const isResponse = (answer.charCodeAt(2) & 0x80) !== 0;
  return isResponse && ANSWERED.has(answer.charCodeAt(3) & 0x0f);
}
