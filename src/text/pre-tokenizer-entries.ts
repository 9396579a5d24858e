/** Entries of tokenizer.json for pre-tokenizers that a GGUF file only names. */

/** A `pre_tokenizer` entry of tokenizer.json. */
export type PreTokenizer = Readonly<Record<string, unknown>>;

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
