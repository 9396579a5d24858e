import { describe, expect, it } from 'vitest';
import { ggufMetadata } from '../../test/support/gguf.ts';
import { createTokenizer } from './tokenizer.ts';
import { tokenizerFromGguf } from './tokenizer-gguf.ts';

/** Bytes as byte-level BPE writes them: Ġ is the space, Ċ the new line. */
const alphabet = [...'abc123.ĠĊÂ½'];
const merges = ['a b', 'Ġ ab', 'Ġ Ġ', '1 2', '12 3', 'Ġ 1', 'Â ½', 'Ġ Â'];
const tokens = ['<|endoftext|>', '<|im_end|>', ...alphabet, ...merges.map((merge) => merge.replace(' ', ''))];
const metadata = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'smollm',
  'tokenizer.ggml.tokens': tokens,
  'tokenizer.ggml.token_type': tokens.map((_, id) => (id < 2 ? 3 : 1)),
  'tokenizer.ggml.merges': merges,
  'tokenizer.ggml.bos_token_id': 0,
  'tokenizer.ggml.eos_token_id': 1,
};

const open = (more: Record<string, unknown> = {}) => {
  const all = { ...metadata, ...more };
  return createTokenizer('tiny.gguf', tokenizerFromGguf('tiny.gguf', ggufMetadata(all)));
};
const pieces = (pre: string, text: string) => {
  const tokenizer = open({ 'tokenizer.ggml.pre': pre, 'tokenizer.ggml.add_bos_token': false });
  const ids = tokenizer.encode(text);
  expect(tokenizer.decode(ids)).toBe(text);
  return ids.map((id) => tokens[id]);
};

describe('the vocabulary of a GGUF file', () => {
  it('encodes by merges, decodes to the same text, knows its special tokens', () => {
    const tokenizer = open();
    expect(tokenizer).toMatchObject({ vocabularySize: tokens.length, endOfText: 0, beginOfText: null });
    const ids = tokenizer.encode('ab abc<|im_end|>\n');
    expect(ids.map((id) => tokens[id])).toEqual(['ab', 'Ġab', 'c', '<|im_end|>', 'Ċ']);
    expect(tokenizer.decode(ids)).toBe('ab abc<|im_end|>\n');
    expect(tokenizer.encode('')).toEqual([]);
    expect(tokenizer.decode([])).toBe('');
  });

  it('cuts digits as tokenizer.ggml.pre says', () => {
    // smollm takes every number sign alone (½ too), so that two spaces meet and digits don't; gpt-2 the other way.
    expect(pieces('smollm', 'a  123 ½')).toEqual(['a', 'ĠĠ', '1', '2', '3', 'Ġ', 'Â½']);
    expect(pieces('gpt-2', 'a  123 ½')).toEqual(['a', 'Ġ', 'Ġ', '123', 'Ġ', 'Â½']);
    expect(pieces('llama-bpe', 'a 1231')).toEqual(['a', 'Ġ', '123', '1']);
    expect(pieces('qwen2', 'a 12')).toEqual(['a', 'Ġ', '1', '2']);
    expect(pieces('default', 'a.1231')).toEqual(['a', '.', '123', '1']);
  });

  it('puts the begin-of-text token in front when the file or its kind says so', () => {
    expect(open({ 'tokenizer.ggml.add_bos_token': true }).encode('a')).toEqual([0, 2]);
    expect(open({ 'tokenizer.ggml.pre': 'llama-bpe' }).encode('a')).toEqual([0, 2]);
    expect(
      open({ 'tokenizer.ggml.add_bos_token': false, 'tokenizer.ggml.pre': 'llama-bpe' }).encode('a'),
    ).toEqual([2]);
  });

  it('knows the ends of turns and messages', () => {
    expect([...open({ 'tokenizer.ggml.eot_token_id': 3, 'tokenizer.ggml.eom_token_id': 4 }).ends]).toEqual([
      0, 1, 3, 4,
    ]);
  });

  it.each([
    ['a list of types that is too short', { 'tokenizer.ggml.token_type': [3, 3] }, /2 types.*20|2 types/s],
    [
      'a token without a known type',
      { 'tokenizer.ggml.token_type': tokens.map(() => 9) },
      /type 9 of token 0/,
    ],
    [
      'a token twice',
      { 'tokenizer.ggml.tokens': tokens.map((token, i) => (i === 3 ? 'a' : token)) },
      /"a" as 2 and 3/,
    ],
    ['a merge of one token', { 'tokenizer.ggml.merges': ['ab'] }, /"ab" as merge 0/],
    ['a merge of three tokens', { 'tokenizer.ggml.merges': ['a b c'] }, /"a b c" as merge 0/],
    ['a merge that makes no token', { 'tokenizer.ggml.merges': ['a c'] }, /needs the token "ac"/],
    ['a beginning that it does not have', { 'tokenizer.ggml.bos_token_id': 999 }, /bos_token_id/],
    ['a beginning that is a text', { 'tokenizer.ggml.bos_token_id': '<s>' }, /bos_token_id/],
    [
      'a beginning wanted and not named',
      { 'tokenizer.ggml.add_bos_token': true, 'tokenizer.ggml.bos_token_id': undefined },
      /does not say which/,
    ],
    [
      'tokens that are numbers',
      { 'tokenizer.ggml.tokens': tokens.map((_, i) => i) },
      /tokenizer.ggml.tokens/,
    ],
  ])('refuses %s', (_, more, message) => {
    expect(() => open(more)).toThrow(message);
  });

  it('refuses vocabularies of other kinds', () => {
    const unsupported = expect.objectContaining({ code: 'tokenizer-unsupported' });
    expect(() => open({ 'tokenizer.ggml.model': 't5' })).toThrow(unsupported);
    expect(() => open({ 'tokenizer.ggml.pre': 'toString' })).toThrow(unsupported);
    expect(() => open({ 'tokenizer.ggml.merges': undefined })).toThrow(
      /does not hold the list tokenizer.ggml.merges/,
    );
  });
});
