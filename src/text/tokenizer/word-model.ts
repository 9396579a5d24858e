/** What makes words into tokens, by the `type` of the `model` entry. */
import { z } from 'zod';
import { BytePairs } from './byte-pairs.ts';
import type { IdList } from './id-list.ts';
import { checked, type Maker, makePart } from './parts.ts';
import { Unigram } from './unigram.ts';

export interface WordModel {
  /** Ids by token. */
  readonly vocabulary: ReadonlyMap<string, number>;
  /** Appends the ids of a word to `ids`. Throws {@link UnbrokenText}. */
  encode(word: string, ids: IdList): void;
}

const LARGEST_ID = 2 ** 31 - 1;

/** `vocab` of every kind but Unigram. */
const vocabularySchema = z.custom<Record<string, number>>(
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((id) => Number.isInteger(id) && id >= 0 && id <= LARGEST_ID),
  'not an object of ids',
);
const toMap = (vocabulary: Record<string, number>) => new Map(Object.entries(vocabulary));

const mergesSchema = z.custom<readonly (string | readonly [string, string])[]>(
  (value) =>
    Array.isArray(value) &&
    value.every(
      (merge) =>
        typeof merge === 'string' ||
        (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string')),
    ),
  'not a list of pairs',
);

const unigramSchema = z.custom<readonly (readonly [string, number])[]>(
  (value) =>
    Array.isArray(value) &&
    value.every(
      (entry) =>
        Array.isArray(entry) &&
        entry.length === 2 &&
        typeof entry[0] === 'string' &&
        Number.isFinite(entry[1]),
    ),
  'not a list of tokens with scores',
);

const text = z.string().nullable().default(null);
const yes = z.boolean().default(false);

const MAKERS: Readonly<Record<string, Maker<WordModel>>> = {
  BPE: checked(
    {
      vocab: vocabularySchema,
      merges: mergesSchema,
      unk_token: text,
      continuing_subword_prefix: text,
      end_of_word_suffix: text,
      fuse_unk: yes,
      byte_fallback: yes,
      ignore_merges: yes,
      dropout: z.literal(0, 'merges that are left out at random').nullable().default(null),
    },
    ({ vocab, merges, ...options }) => new BytePairs(toMap(vocab), merges, options),
  ),
  Unigram: checked(
    { vocab: unigramSchema, unk_id: z.int().min(0).nullable().default(null), byte_fallback: yes },
    ({ vocab, unk_id, byte_fallback }) => new Unigram(vocab, unk_id, byte_fallback),
  ),
  WordPiece: checked(
    {
      vocab: vocabularySchema,
      unk_token: z.string(),
      continuing_subword_prefix: z.string(),
      max_input_chars_per_word: z.int().min(0),
    },
    ({ vocab, ...options }) => {
      const vocabulary = toMap(vocab);
      return {
        vocabulary,
        encode: (word, ids) => {
          ids.pushAll(wordPieces(vocabulary, word, options));
        },
      };
    },
  ),
  WordLevel: checked({ vocab: vocabularySchema, unk_token: z.string() }, ({ vocab, unk_token }) => {
    const vocabulary = toMap(vocab);
    const unknown = idOf(vocabulary, unk_token);
    return {
      vocabulary,
      encode: (word, ids) => {
        ids.push(vocabulary.get(word) ?? unknown);
      },
    };
  }),
};

/** The longest token first, from the left; a word that cannot be told so is unknown as a whole. */
function wordPieces(
  vocabulary: ReadonlyMap<string, number>,
  word: string,
  options: { unk_token: string; continuing_subword_prefix: string; max_input_chars_per_word: number },
): number[] {
  const unknown = () => [idOf(vocabulary, options.unk_token)];
  // A character has two units at most.
  const most = options.max_input_chars_per_word;
  const characters = word.length > 2 * most ? undefined : Array.from(word);
  if (characters === undefined || characters.length > most) return unknown();
  const ids: number[] = [];
  for (let start = 0; start < characters.length; ) {
    let end = characters.length;
    let id: number | undefined;
    for (; end > start; end--) {
      const part = characters.slice(start, end).join('');
      id = vocabulary.get(start === 0 ? part : options.continuing_subword_prefix + part);
      if (id !== undefined) break;
    }
    if (id === undefined) return unknown();
    ids.push(id);
    start = end;
  }
  return ids;
}

function idOf(vocabulary: ReadonlyMap<string, number>, token: string): number {
  const id = vocabulary.get(token);
  if (id === undefined)
    throw new Error(`its unknown token ${JSON.stringify(token)} is not in the vocabulary`);
  return id;
}

/** The model of a `model` entry; old files do not name its type. Throws {@link UnsupportedPart}. */
export function makeWordModel(entry: unknown): WordModel {
  if (typeof entry !== 'object' || entry === null || Object.hasOwn(entry, 'type')) {
    return makePart('model', MAKERS, entry);
  }
  if (Object.hasOwn(entry, 'merges')) return makePart('model', MAKERS, { ...entry, type: 'BPE' });
  if ('vocab' in entry && Array.isArray(entry.vocab))
    return makePart('model', MAKERS, { ...entry, type: 'Unigram' });
  throw new Error('a model without a type');
}
