/** A table as `nft -a list table` prints it, taken apart. */
export interface TableListing {
  /**
   * The text without set elements. It holds every chain, hook, flag and rule with its handle, so
   * that what was changed, removed, added or replaced by its like gives another text.
   */
  readonly structure: string;
  /** Set name to element keys, with the seconds left; `null` for an element that never ends. */
  readonly sets: ReadonlyMap<string, ReadonlyMap<string, number | null>>;
}

const SET = /^\tset (\S+) \{[^\n]*\n(?:\t\t[^\n]*\n)*?\t\telements = \{([^}]*)\}\n/gm;

export function parseListing(text: string): TableListing {
  const sets = new Map<string, Map<string, number | null>>();
  for (const [, name = '', body = ''] of text.matchAll(SET)) {
    sets.set(name, parseElements(body));
  }
  return { structure: text.replace(/^\t\telements = \{[^}]*\}\n/gm, ''), sets };
}

function parseElements(body: string): Map<string, number | null> {
  const elements = new Map<string, number | null>();
  for (const part of body.split(',')) {
    const [, key, attributes] = /^\s*(\S+(?: \. \S+)*)(.*?)\s*$/s.exec(part) ?? [];
    if (!key) continue;
    const expires = /\bexpires (\S+)/.exec(attributes ?? '')?.[1];
    elements.set(key.replaceAll('"', ''), expires === undefined ? null : parseDuration(expires));
  }
  return elements;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  d: 86400,
  h: 3600,
  m: 60,
  s: 1,
  ms: 0.001,
};

/** `1h59m3s`, `57m12s340ms`: seconds. An unknown form is infinite, so that it is never trusted. */
export function parseDuration(text: string): number {
  if (!/^(?:\d+(?:ms|[dhms]))+$/.test(text)) return Number.POSITIVE_INFINITY;
  let seconds = 0;
  for (const [, amount, unit = ''] of text.matchAll(/(\d+)(ms|[dhms])/g)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit] ?? Number.POSITIVE_INFINITY);
  }
  return seconds;
}
