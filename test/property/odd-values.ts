import type { Dice } from './dice.js';

/** In every value that a test hands over as a secret; it must never come back. */
export const CANARY = 'fuzz-canary-71d2c9';

/** In environments of runs, which are stored until the run ends, and shown nowhere. */
export const ENVIRONMENT_CANARY = 'fuzz-environment-5e1f';

/** Stands for the id of a run that exists, which no seed can know. */
export const RUN = '01RVNRVNRVNRVNRVNRVNRVNRVN';

const WORDS = [
  ...[
    'FUZZ',
    RUN,
    'MT-1',
    '..',
    '../..',
    '.',
    'a/b',
    '-rf',
    '--',
    '%',
    '%00',
    '',
    ' ',
    "' OR 1 --",
  ],
  ...[
    'null',
    'undefined',
    'NaN',
    'true',
    '0',
    '-1',
    '1e309',
    '0x10',
    '9007199254740993',
    '[]',
    '{}',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '$ne',
    '${7*7}',
    '{{7*7}}',
    '$(id)',
  ],
  ...['/etc/passwd', String.raw`C:\windows`, 'file:///etc/passwd', 'http://169.254.169.254/'],
  ...['\0', '\n', '\r\nSet-Cookie: a=b', '\u2028', '\uFEFF', '\u202E', 'é', 'ﬁ', '😀', '\u0130'],
  ...[
    '01J00000000000000000000000',
    '2026-11-23T00:00:00Z',
    '9999-99-99',
    'risoluto-sandbox:latest',
  ],
];

const LENGTHS = [1, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1023, 4096, 4097];

export function oddText(dice: Dice): string {
  const kind = dice.below(10);
  if (kind < 6) return dice.pick(WORDS);
  if (kind < 8) return dice.pick(['a', 'A-1', 'é', '😀', '/', '0']).repeat(dice.pick(LENGTHS));
  return Array.from({ length: dice.below(40) }, () =>
    String.fromCodePoint(dice.chance(0.5) ? dice.below(128) : dice.below(0xd7ff)),
  ).join('');
}

export function oddValue(dice: Dice, depth = 0): unknown {
  switch (dice.below(depth > 3 ? 8 : 12)) {
    case 0:
      return null;
    case 1:
      return dice.chance(0.5);
    case 2:
      return dice.pick([0, -0, -1, 1, 0.5, 1e21, 1e308, -1e308, 2 ** 31, 2 ** 53, 604_801, 5e-324]);
    case 8:
    case 9:
      return Array.from({ length: dice.below(6) }, () => oddValue(dice, depth + 1));
    case 10:
    case 11: {
      const keys = Array.from({ length: dice.below(5) }, () => oddText(dice));
      return Object.fromEntries(keys.map((key) => [key, oddValue(dice, depth + 1)]));
    }
    default:
      return oddText(dice);
  }
}
