/** Values that readers have stumbled over: numbers at limits, names that objects inherit, unusual Unicode. */
import type { Rng } from '../../../src/numeric/index.ts';

/** Names that every JavaScript object inherits, or that mean something to a format or a path. */
const ODD_NAMES = [
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'length', 'prototype'],
  ...[
    '__metadata__',
    '',
    ' ',
    '.',
    '..',
    '../../etc/passwd',
    '/',
    'a/b',
    'a\\b',
    'CON',
    '*',
    '%s',
    '-1',
    '0',
  ],
  ...[
    '\u0000',
    '\u001b[31mred\u001b[0m',
    '<script>alert(1)</script>',
    '\ufeff',
    '\u202e',
    '\u2028',
    '\ud83d\ude00',
  ],
  ...['e\u0301', '\u00e9', '\ud800', 'x'.repeat(300), 'line\nbreak', '`|$(id)', '\u00a0', '\u0345'],
];

/** JSON numbers as they may be written, limits of integers and floats first. */
const ODD_NUMBERS = [
  ...[
    '0',
    '-0',
    '1',
    '-1',
    '2',
    '3',
    '7',
    '8',
    '31',
    '32',
    '33',
    '63',
    '64',
    '100',
    '127',
    '128',
    '255',
    '256',
  ],
  ...['1000', '65535', '65536', '1000000', '10000000', '100000000', '1000000000', '2147483647', '2147483648'],
  ...['4294967295', '4294967296', '9007199254740991', '9007199254740992', '9007199254740993'],
  ...[
    '9223372036854775807',
    '18446744073709551615',
    '18446744073709551616',
    '1e21',
    '1e308',
    '1e400',
    '-1e400',
  ],
  ...['0.5', '1.5', '1e-5', '1e-400', '5e-324', '1.0', '1e0', '-2147483648', '0.1', '3.4028236e38'],
];

const ODD_JSON = [
  'null',
  'true',
  'false',
  '""',
  '"x"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"a":{}}',
  '"1"',
  '"NaN"',
];

export const pick = <T>(rng: Rng, items: readonly T[]): T => items[rng.integer(items.length)]!;

export const chance = (rng: Rng, probability: number): boolean => rng.uniform() < probability;

export const oddName = (rng: Rng): string => pick(rng, ODD_NAMES);

export const oddNumber = (rng: Rng): string => pick(rng, ODD_NUMBERS);

/** JSON text of an odd value. */
export function oddJson(rng: Rng): string {
  const kind = rng.integer(10);
  if (kind < 4) return oddNumber(rng);
  if (kind < 7) return pick(rng, ODD_JSON);
  if (kind < 9) return JSON.stringify(oddName(rng));
  return deepJson(pick(rng, [10, 200, 5000]), rng);
}

/** Lists or objects in each other, `depth` times. */
export function deepJson(depth: number, rng: Rng): string {
  return chance(rng, 0.5)
    ? '['.repeat(depth) + ']'.repeat(depth)
    : `${'{"a":'.repeat(depth)}0${'}'.repeat(depth)}`;
}

const WORDS = [
  'the',
  'sea',
  'wei\u00df',
  '\u4e2d\u6587',
  '\ud83d\ude00',
  "it's",
  '12345',
  '\u00a0',
  '  ',
  '\t',
  '\n',
  '\u0130',
  'e\u0301',
];

/** A few words, some of them not English. */
export function words(rng: Rng, most = 12): string {
  return Array.from({ length: 1 + rng.integer(most) }, () => pick(rng, WORDS)).join(
    chance(rng, 0.8) ? ' ' : '',
  );
}

/** A plain name, such as a tensor's. */
export function plainName(rng: Rng): string {
  const part = () =>
    pick(rng, ['model', 'layers', '0', '1', '12', 'attn', 'mlp', 'q_proj', 'weight', 'bias', 'h', '\u00e9']);
  return Array.from({ length: 1 + rng.integer(5) }, part).join('.');
}
