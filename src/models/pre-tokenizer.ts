/**
 * How text is cut into words before byte-pair encoding. Regular expressions are those of llama.cpp
 * (src/llama-vocab.cpp) and of the models' own tokenizer.json.
 */

/** A `pre_tokenizer` entry of tokenizer.json. */
export type PreTokenizer = Readonly<Record<string, unknown>>;

export const GPT2_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Each match and each stretch between matches becomes a word. */
export function splitBy(pattern: string): PreTokenizer {
  return { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
}

/** Writes words as bytes, one printable character per byte. */
export const BYTES: PreTokenizer = {
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: false,
};

export function sequenceOf(...steps: readonly PreTokenizer[]): PreTokenizer {
  return { type: 'Sequence', pretokenizers: steps };
}

/**
 * The same pre-tokenizer in terms that the JavaScript library follows exactly: its own `Digits` knows only
 * 0–9 where the original takes every Unicode number, and its `ByteLevel` counts U+FEFF as white space and
 * U+0085 not, the original the other way round.
 */
export function exactPreTokenizer(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null) return entry;
  const { type, pretokenizers, ...options } = entry as Record<string, unknown>;
  if (type === 'Sequence' && Array.isArray(pretokenizers)) {
    return { ...entry, pretokenizers: pretokenizers.map(exactPreTokenizer) };
  }
  if (type === 'Digits') return splitBy(options.individual_digits === true ? '\\p{N}' : '\\p{N}+');
  // A prefix space is put in front before the words are cut, which only the library's own step does.
  if (type === 'ByteLevel' && options.use_regex !== false && options.add_prefix_space !== true) {
    return sequenceOf(splitBy(GPT2_PATTERN), { ...entry, use_regex: false });
  }
  return entry;
}
