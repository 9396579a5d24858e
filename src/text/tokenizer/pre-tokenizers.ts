/** How a text is cut into words: the pre-tokenizers of the tokenizers library (`src/pre_tokenizers`). */
import { z } from 'zod';
import { WORD } from './added-tokens.ts';
import { writeBytes } from './byte-letters.ts';
import { checked, type Maker, makePart } from './parts.ts';
import { compilePattern, patternSchema } from './pattern.ts';

/** A stretch of a text that is to become words. */
export interface Piece {
  readonly text: string;
  /** Whether the whole text begins with it. */
  readonly first: boolean;
}

/** Cuts one piece; pieces come as they are found, so that a long text needs no list of its words. */
export type PreTokenizer = (piece: Piece) => Iterable<Piece>;

const BEHAVIORS = ['Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'] as const;
type Behavior = (typeof BEHAVIORS)[number];
const behaviorSchema = z.enum(BEHAVIORS);

/** By `Split` and `ByteLevel`, as the library has it (GPT-2's). */
export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** ASCII punctuation and every character of a category P. */
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu;

interface Part {
  readonly start: number;
  readonly end: number;
  readonly match: boolean;
}

/** A text from beginning to end: what `pattern` finds, and what lies between. */
function* parts(text: string, pattern: RegExp, invert: boolean): Generator<Part> {
  let at = 0;
  for (const { 0: found, index } of text.matchAll(pattern)) {
    if (at < index) yield { start: at, end: index, match: invert };
    at = index + found.length;
    yield { start: index, end: at, match: !invert };
  }
  if (at < text.length) yield { start: at, end: text.length, match: invert };
}

/** Joins parts as `behavior` says. */
function* join(found: Iterable<Part>, behavior: Behavior): Generator<Part> {
  let held: Part | undefined;
  // The kind of the part before, not of what it was joined to.
  let matched = false;
  for (const part of found) {
    const joined =
      held !== undefined &&
      (behavior === 'Contiguous'
        ? part.match === matched
        : behavior === 'MergedWithPrevious'
          ? part.match && !matched
          : behavior === 'MergedWithNext' && !part.match && matched);
    if (held !== undefined && !joined) yield held;
    held = joined ? { ...held!, end: part.end } : part;
    matched = part.match;
  }
  if (held !== undefined) yield held;
}

function splitter(pattern: RegExp, behavior: Behavior, invert = false): PreTokenizer {
  return function* ({ text, first }) {
    const found = parts(text, pattern, invert);
    const joined = behavior === 'Removed' || behavior === 'Isolated' ? found : join(found, behavior);
    for (const { start, end, match } of joined) {
      if (start === end || (behavior === 'Removed' && match)) continue;
      yield { text: text.slice(start, end), first: first && start === 0 };
    }
  };
}

function* apply(pieces: Iterable<Piece>, step: PreTokenizer): Generator<Piece> {
  for (const piece of pieces) yield* step(piece);
}

const chain =
  (steps: readonly PreTokenizer[]): PreTokenizer =>
  (piece) =>
    steps.reduce<Iterable<Piece>>(apply, [piece]);

const isolating = (pattern: RegExp) => splitter(pattern, 'Isolated');
const removing = (pattern: RegExp) => splitter(pattern, 'Removed');

const MAKERS: Readonly<Record<string, Maker<PreTokenizer>>> = {
  Split: checked(
    { pattern: patternSchema, behavior: behaviorSchema, invert: z.boolean() },
    ({ pattern, behavior, invert }) => splitter(compilePattern(pattern), behavior, invert),
  ),
  ByteLevel: checked(
    {
      add_prefix_space: z.boolean(),
      trim_offsets: z.boolean().optional(),
      use_regex: z.boolean().default(true),
    },
    ({ add_prefix_space, use_regex }) => {
      const cut = use_regex ? isolating(compilePattern({ Regex: GPT2_PATTERN })) : (piece: Piece) => [piece];
      return function* ({ text, first }) {
        const whole = add_prefix_space && !text.startsWith(' ') ? ` ${text}` : text;
        for (const part of cut({ text: whole, first })) yield { ...part, text: writeBytes(part.text) };
      };
    },
  ),
  Metaspace: checked(
    {
      replacement: z.string().refine((text) => [...text].length === 1, 'one character'),
      prepend_scheme: z.enum(['always', 'first', 'never']).default('always'),
      split: z.boolean().default(true),
      // Older files say these too; where they contradict the scheme, the original refuses as well.
      add_prefix_space: z.boolean().optional(),
      str_rep: z.string().optional(),
    },
    ({ replacement, prepend_scheme: scheme, split, add_prefix_space }) => {
      if (add_prefix_space === false && scheme !== 'never') {
        throw new Error('Metaspace: add_prefix_space does not match prepend_scheme');
      }
      const cut = splitter(compilePattern({ String: replacement }), 'MergedWithNext');
      return ({ text, first }) => {
        const marked = text.replaceAll(' ', () => replacement);
        const wanted = scheme === 'always' || (scheme === 'first' && first);
        const piece = {
          text: wanted && !marked.startsWith(replacement) ? replacement + marked : marked,
          first,
        };
        return split ? cut(piece) : [piece];
      };
    },
  ),
  Digits: checked({ individual_digits: z.boolean() }, ({ individual_digits }) =>
    splitter(/\p{N}/gu, individual_digits ? 'Isolated' : 'Contiguous'),
  ),
  Punctuation: checked({ behavior: behaviorSchema.default('Isolated') }, ({ behavior }) =>
    splitter(PUNCTUATION, behavior),
  ),
  Whitespace: checked({}, () =>
    splitter(new RegExp(`${WORD}+|(?:(?!${WORD})\\P{White_Space})+`, 'gu'), 'Removed', true),
  ),
  WhitespaceSplit: checked({}, () => removing(/\p{White_Space}/gu)),
  BertPreTokenizer: checked({}, () => chain([removing(/\p{White_Space}/gu), isolating(PUNCTUATION)])),
  CharDelimiterSplit: checked({ delimiter: z.string().min(1) }, ({ delimiter }) =>
    removing(compilePattern({ String: delimiter })),
  ),
  Sequence: checked({ pretokenizers: z.array(z.unknown()) }, ({ pretokenizers }, depth) =>
    chain(pretokenizers.map((entry) => makePart('pre_tokenizer', MAKERS, entry, depth + 1))),
  ),
};

/** The pre-tokenizer of a `pre_tokenizer` entry. Throws {@link UnsupportedPart}. */
export function makePreTokenizer(entry: unknown): PreTokenizer {
  return entry === null || entry === undefined
    ? (piece) => [piece]
    : makePart('pre_tokenizer', MAKERS, entry);
}
