/** The byte strings by which a value is recognised in output. */
export interface MaskedForms {
  /** Found as they are. */
  exact: Buffer[];
  /** Found also with line breaks in between, as `base64` and `xxd -p` print them. */
  wrapped: Buffer[];
}

/** A line of a value of several lines is masked by itself when it has at least this many bytes. */
const LEAST_LINE = 8;
/** Shorter pieces of an encoding stand in any text. */
const LEAST_ENCODED = 4;

/**
 * The forms of a value that are masked: itself, each of its longer lines, as the inside of a JSON
 * string, percent-encoded (whole, and as URLs and forms do it), hex, and base64 (both alphabets)
 * wherever it stands in what was encoded. Other transformations are not recognised.
 */
export function maskedForms(value: string): MaskedForms {
  const bytes = Buffer.from(value, 'utf8');
  const lines = value.split(/\r?\n/).filter((line) => Buffer.byteLength(line) >= LEAST_LINE);
  const exact = [
    value,
    ...lines,
    JSON.stringify(value).slice(1, -1),
    ...percentForms(value, bytes),
  ].map((form) => Buffer.from(form, 'utf8'));
  const hex = bytes.toString('hex');
  const wrapped = [hex, hex.toUpperCase(), ...base64Forms(bytes)]
    .filter((form) => form.length >= LEAST_ENCODED)
    .map((form) => Buffer.from(form, 'latin1'));
  return { exact: unique(exact), wrapped: unique(wrapped) };
}

function percentForms(value: string, bytes: Buffer): string[] {
  const every = bytes.toString('hex').replaceAll(/../g, '%$&');
  // A lone surrogate has no URI form; the other forms still hold.
  const uri = isWellFormed(value) ? encodeURIComponent(value) : every;
  const strict = uri.replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const form = new URLSearchParams([['', value]]).toString().slice(1);
  const forms = [uri, strict, form, strict.replaceAll('%20', '+'), encodeURIPath(value), every];
  return forms.flatMap((encoded) => [
    encoded,
    encoded.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => escape.toLowerCase()),
    encoded.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => escape.toUpperCase()),
  ]);
}

function encodeURIPath(value: string): string {
  return isWellFormed(value) ? encodeURI(value) : value;
}

function isWellFormed(value: string): boolean {
  return !/\p{Surrogate}/u.test(value);
}

function base64Forms(bytes: Buffer): string[] {
  const whole = bytes.toString('base64');
  const forms = [whole, whole.replace(/=+$/, '')];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    // A character that also holds bits of a neighbouring byte is no part of the value.
    const first = before === 0 ? 0 : before + 1;
    const last = Math.floor(((before + bytes.length) * 8) / 6);
    forms.push(text.slice(first, last));
  }
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function unique(forms: Buffer[]): Buffer[] {
  const seen = new Map(
    forms.filter((form) => form.length > 0).map((f) => [f.toString('latin1'), f]),
  );
  return [...seen.values()];
}
