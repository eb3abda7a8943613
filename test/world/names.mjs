import { isIPv6 } from 'node:net';

/** What a name without a meaning of its own resolves to. */
const ANYWHERE = Object.freeze({ v4: '203.0.113.10', v6: '2606:2800:220:1::10' });
/** What is said of a name that says another thing later. */
const HARMLESS = '93.184.216.34';
/** Google's own, which answers on every machine of theirs. */
const METADATA = '169.254.169.254';

/**
 * @typedef {object} Meaning
 * @property {string[]} v4
 * @property {string[]} v6
 * @property {string} [alias] the name is another one's, which the addresses belong to
 * @property {'missing' | 'broken'} [failure]
 * @property {number} [delayMs] `Infinity`: no answer
 */

/** @type {Map<string, number>} */
const asked = new Map();

/**
 * Names that say what they resolve to; `a-b-c-d` is an IPv4 address, `…` anything, also nothing.
 *
 * @type {readonly [RegExp, (...parts: string[]) => Partial<Meaning>, boolean?][]}
 */
const MEANINGS = [
  // …a-b-c-d.ip.test: that address, and no IPv6.
  [/(?:^|\.)(\d+-\d+-\d+-\d+)\.ip\.test$/, (v4) => ({ v4: [dotted(v4)] })],
  // …2001-db8--1.ip6.test: that IPv6 address, and no IPv4. A leading `::` is written `0--`.
  [/(?:^|\.)([0-9a-f-]+)\.ip6\.test$/, (v6) => ({ v6: sixIn(v6) })],
  // …a-b-c-d.both.test: a public address and that one.
  [/(?:^|\.)(\d+-\d+-\d+-\d+)\.both\.test$/, (v4) => ({ v4: [HARMLESS, dotted(v4)] })],
  // …a-b-c-d.alias.test: CNAME of a-b-c-d.ip.test.
  [
    /(?:^|\.)(\d+-\d+-\d+-\d+)\.alias\.test$/,
    (v4) => ({ v4: [dotted(v4)], alias: `${v4}.ip.test` }),
  ],
  // …a-b-c-d.rebind.test: a public address the first time that the name is asked for, then that one.
  [
    /(?:^|\.)(\d+-\d+-\d+-\d+)\.rebind\.test$/,
    (v4, times) => ({ v4: [times === '1' ? HARMLESS : dotted(v4)] }),
    true,
  ],
  // …a-b-c-d.turns.test: a public address and that one by turns.
  [
    /(?:^|\.)(\d+-\d+-\d+-\d+)\.turns\.test$/,
    (v4, times) => ({ v4: [Number(times) % 2 === 1 ? HARMLESS : dotted(v4)] }),
    true,
  ],
  // …800.slow.test: after so many milliseconds.
  [/(?:^|\.)(\d+)\.slow\.test$/, (ms) => ({ v4: [HARMLESS], delayMs: Number(ms) })],
  [/(?:^|\.)silent\.test$/, () => ({ delayMs: Infinity })],
  [/(?:^|\.)missing\.test$/, () => ({ failure: 'missing' })],
  [/(?:^|\.)broken\.test$/, () => ({ failure: 'broken' })],
  [/(?:^|\.)empty\.test$/, () => ({})],
  [/^metadata\.google\.internal$/, () => ({ v4: [METADATA] })],
];

/**
 * What a name resolves to at this moment. Asking for an IPv4 address of a name whose answer changes
 * is what changes it.
 *
 * @param {string} name in lower case
 * @param {boolean} forV4
 * @returns {Meaning}
 */
export function meaningOf(name, forV4) {
  for (const [pattern, meaning, counts] of MEANINGS) {
    const match = pattern.exec(name);
    if (!match) continue;
    if (!counts) return { v4: [], v6: [], ...meaning(match[1] ?? '') };
    const times = (asked.get(name) ?? 0) + (forV4 ? 1 : 0);
    asked.set(name, times);
    return { v4: [], v6: [], ...meaning(match[1] ?? '', String(times)) };
  }
  return { v4: [ANYWHERE.v4], v6: [ANYWHERE.v6] };
}

/** @param {string} dashed */
function dotted(dashed) {
  return dashed.replaceAll('-', '.');
}

/** @param {string} dashed */
function sixIn(dashed) {
  const text = dashed.replaceAll('-', ':');
  return isIPv6(text) ? [text] : [];
}
