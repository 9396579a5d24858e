import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ggufMetadata } from '../../test/support/gguf.ts';
import { createTokenizer } from './tokenizer.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

interface Vocabulary {
  readonly tokens: readonly string[];
  readonly scores: readonly number[];
  readonly types: readonly number[];
  readonly addSpacePrefix: boolean;
  /** Null for texts that spell a special token. */
  readonly ids: readonly (readonly number[] | null)[];
}
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../test/reference/${name}`, import.meta.url), 'utf8'));
const { texts }: { texts: readonly string[] } = read('tokenizers/texts.json');
const MODELS: Readonly<Record<string, Vocabulary>> = read('tokenizers-spm.json');

function open({ tokens, scores, types, addSpacePrefix }: Vocabulary, more: Record<string, unknown> = {}) {
  const metadata = ggufMetadata({
    'tokenizer.ggml.model': 'llama',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': types,
    'tokenizer.ggml.scores': scores.map((score) => ({ float32: score })),
    'tokenizer.ggml.add_space_prefix': addSpacePrefix,
    'tokenizer.ggml.add_bos_token': false,
    'tokenizer.ggml.bos_token_id': 1,
    'tokenizer.ggml.eos_token_id': 2,
    ...more,
  });
  return createTokenizer('tiny.gguf', tokenizerFromGguf('tiny.gguf', metadata));
}

describe.each(Object.entries(MODELS))('a vocabulary like that of %s', (_, vocabulary) => {
  const tokenizer = open(vocabulary);

  it.each(texts.flatMap((text, index) => (vocabulary.ids[index] == null ? [] : [[index, text] as const])))(
    'gives the ids of SentencePiece, text %i',
    (index, text) => {
      expect(tokenizer.encode(text)).toEqual(vocabulary.ids[index]);
    },
  );

  it('gives texts back', () => {
    const lost = texts.filter(
      (text, index) => vocabulary.ids[index] !== null && tokenizer.decode(tokenizer.encode(text)) !== text,
    );
    // A ▁ of the text's own comes back as a space, as in SentencePiece.
    expect(lost).toEqual(texts.filter((text) => text.includes('▁')));
  });

  it('takes special tokens whole, and puts one in front by default', () => {
    const begun = open(vocabulary, { 'tokenizer.ggml.add_bos_token': undefined });
    expect(begun.encode('a')[0]).toBe(1);
    expect(begun.encode('</s>').slice(1)).toEqual([2]);
    expect(begun.endOfSequence).toBe(2);
  });
});

it('says what of a vocabulary cannot be used', () => {
  const { llama } = MODELS as { llama: Vocabulary };
  expect(() => open({ ...llama, scores: [1, 2] })).toThrow(/does not score every token/);
  expect(() => open(llama, { 'tokenizer.ggml.scores': undefined })).toThrow(/tokenizer\.ggml\.scores/);
  expect(() => open(llama, { 'tokenizer.ggml.add_eos_token': true })).toThrow(/add_eos_token/);
  const long = [...llama.tokens.slice(0, -1), 'x'.repeat(1e6)];
  expect(() => open({ ...llama, tokens: long })).toThrow(/a token of 1000000 characters/);
  expect(() => open(llama, { 'tokenizer.ggml.model': 't5' })).toThrow(/gpt2 .* or llama/);
});
