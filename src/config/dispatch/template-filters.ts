type Value = string | readonly string[] | undefined;

interface TemplateFilter {
  /** What each argument must be. */
  readonly takes: readonly ('text' | 'count')[];
  readonly apply: (value: Value, argument?: string | number) => Value;
}

/** Longest text that `truncate` may be told to leave. */
export const MAX_TRUNCATED = 100_000;

/**
 * The filters of templates, all of them. Ours and not the library's: each is bounded by its input, and
 * none reads anything but it.
 */
export const TEMPLATE_FILTERS: ReadonlyMap<string, TemplateFilter> = new Map([
  [
    'default',
    {
      takes: ['text'],
      apply: (value: Value, other?: string | number) => (isAbsent(value) ? String(other) : value),
    },
  ],
  [
    'join',
    {
      takes: ['text'],
      apply: (value: Value, by?: string | number) =>
        Array.isArray(value) ? value.join(String(by)) : value,
    },
  ],
  ['downcase', { takes: [], apply: (value: Value) => textOf(value).toLowerCase() }],
  ['upcase', { takes: [], apply: (value: Value) => textOf(value).toUpperCase() }],
  ['strip', { takes: [], apply: (value: Value) => textOf(value).trim() }],
  ['slugify', { takes: [], apply: (value: Value) => slugOf(textOf(value)) }],
  [
    'truncate',
    {
      takes: ['count'],
      // By code points, so that no character is cut in halves.
      apply: (value: Value, most?: string | number) =>
        Array.from(textOf(value)).slice(0, Number(most)).join(''),
    },
  ],
] satisfies [string, TemplateFilter][]);

/** Nothing, an empty text and an empty list are the same to a template. */
export function isAbsent(value: Value): boolean {
  return value === undefined || value.length === 0;
}

function textOf(value: Value): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : value.join(',');
}

/** Lower-case ASCII letters and digits, with one `-` for each run of anything else between them. */
function slugOf(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '')
    .join('-');
}
