import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../checkpoint/index.ts';
import { openTokenizer } from './tokenizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
afterAll(() => rmSync(folder, { recursive: true }));

const vocab = {
  a: 0,
  b: 1,
  ab: 2,
  Ġ: 3,
  '1': 4,
  '½': 5,
  Â: 6,
  '<s>': 7,
  '</s>': 8,
  Ġ1: 9,
  ï: 10,
  '»': 11,
  '¿': 12,
};
const special = (content: string, id: number) => ({ id, content, special: true, normalized: false });
const files = {
  added_tokens: [special('<s>', 7), special('</s>', 8)],
  normalizer: null,
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Digits', individual_digits: true },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    ],
  },
  post_processor: null as unknown,
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab, merges: ['a b', 'Ġ 1'] },
};
const config = { bos_token: { content: '<s>' }, eos_token: '</s>' };

function twoInFront() {
  const token = { SpecialToken: { id: '<s>', type_id: 0 } };
  return {
    type: 'TemplateProcessing',
    single: [token, token, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [7], tokens: ['<s>'] } },
  };
}

const splitBy = (pattern: string) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

/** JSON of a normalizer so deep that it cannot be written by recursion. */
function nested(depth: number): string {
  const begin = '{"type":"Sequence","normalizers":[';
  return `${begin.repeat(depth)}{"type":"NFC"}${']}'.repeat(depth)}`;
}

function open(tokenizer: unknown, tokenizerConfig: unknown = config, vocabularySize = 13) {
  writeFileSync(
    join(folder, 'tokenizer.json'),
    JSON.stringify(tokenizer).replace('"DEEP"', nested(40)).replace('"ENDLESS"', nested(20_000)),
  );
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizerConfig));
  return openTokenizer(checkpoint(vocabularySize));
}

const checkpoint = (vocabularySize: number): Checkpoint => ({
  path: folder,
  format: 'safetensors',
  config: { vocab_size: vocabularySize },
  weights: new Map(),
  files: [],
  warnings: [],
  sha256: () => Promise.resolve(''),
});

describe('openTokenizer', () => {
  beforeEach(() => rmSync(join(folder, 'tokenizer.json'), { force: true }));

  it('reads tokenizer.json and its configuration', async () => {
    const tokenizer = await open(files);
    expect(tokenizer).toMatchObject({ vocabularySize: 13, endOfText: 8, beginOfText: null });
    expect(tokenizer.encode('ab 1</s>a')).toEqual([2, 3, 4, 8, 0]);
    expect(tokenizer.decode([2, 3, 4, 8, 0])).toBe('ab 1</s>a');
  });

  it('takes every Unicode number as a digit, as the original does', async () => {
    // Cut before ½ (bytes Â½), the space cannot merge with its first byte.
    const model = { ...files.model, vocab: { ...vocab, ĠÂ: 13 }, merges: ['Ġ Â'] };
    expect((await open({ ...files, model }, config, 14)).encode('1 ½')).toEqual([4, 3, 6, 5]);
  });

  it('does not take U+FEFF for white space', async () => {
    const merges = ['a b', 'Ġ ï'];
    const model = { ...files.model, vocab: { ...vocab, Ġï: 13 }, merges };
    const tokenizer = await open({ ...files, model }, config, 14);
    expect(tokenizer.encode('a \ufeffa')).toEqual([0, 13, 11, 12, 0]);
  });

  it('puts the token in front of a text that the post-processor puts there, whatever add_bos_token says', async () => {
    // transformers 5.24 does the same for a tokenizer.json: PreTrainedTokenizerFast, GPT2Tokenizer, Qwen2Tokenizer.
    const without = await open(files, { ...config, add_bos_token: true });
    expect(without.encode('a')).toEqual([0]);
    expect(without.notes).toEqual([expect.stringMatching(/add_bos_token: true.*puts no token in front/)]);
    expect((await open(files)).notes).toEqual([]);
    expect((await open(files, { eos_token: '<end>' })).notes).toEqual([
      'The tokenizer has no token "<end>", which its configuration calls the end.',
    ]);
    const template = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [7], tokens: ['<s>'] } },
    };
    const tokenizer = await open({ ...files, post_processor: template }, { ...config, add_bos_token: false });
    expect(tokenizer.beginOfText).toBe(7);
    expect(tokenizer.encode('ab')).toEqual([7, 2]);
    expect(tokenizer.notes).toEqual([expect.stringMatching(/add_bos_token: false.*puts a token in front/)]);
  });

  it('takes special tokens and flags from the configuration, as transformers does', async () => {
    // Files by name, ids that transformers 5.24 gives with the same files.
    const flags = {
      content: '</s>',
      lstrip: true,
      rstrip: false,
      normalized: false,
      single_word: false,
      special: true,
    };
    const stripped = await open(files, { ...config, added_tokens_decoder: { 8: flags } });
    expect(stripped.encode('a </s>')).toEqual([0, 8]);
    const merges = ['a b', 'Ġ 1', 'b 1'];
    const model = { ...files.model, vocab: { ...vocab, b1: 13 }, merges };
    const plain = {
      ...files,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      model,
    };
    expect((await open(plain, config, 14)).encode('b1')).toEqual([13]);
    expect((await open(plain, { ...config, pad_token: 'b' }, 14)).encode('b1')).toEqual([1, 4]);
    writeFileSync(join(folder, 'special_tokens_map.json'), '{"eos_token": {"content": "<s>"}}');
    expect((await open(files)).endOfSequence).toBe(7);
    rmSync(join(folder, 'special_tokens_map.json'));
  });

  it('adds tokens that only the configuration declares, with the next ids, as transformers does', async () => {
    const token = (content: string) => ({ content, normalized: false, special: true });
    const words = {
      ...{
        added_tokens: [{ ...token('<x>'), id: 3 }],
        normalizer: null,
        decoder: null,
        post_processor: null,
      },
      pre_tokenizer: { type: 'Whitespace' },
      model: { type: 'WordLevel', vocab: { a: 0, b: 1, '<unk>': 2 }, unk_token: '<unk>' },
    };
    const decoder = (entries: Record<number, string>) => ({
      added_tokens_decoder: Object.fromEntries(
        Object.entries(entries).map(([id, content]) => [id, token(content)]),
      ),
    });
    const idsWith = async (entries: Record<number, string>) =>
      (await open(words, decoder(entries), 6)).encode('a<x>b <y> <z>c');
    // Ids that transformers 5.24 gives with the same files.
    expect(await idsWith({ 3: '<x>', 9: '<y>', 4: '<z>' })).toEqual([0, 3, 1, 5, 4, 2]);
    expect(await idsWith({ 3: '<x>', 9: '<y>' })).toEqual([0, 3, 1, 4, 2, 2, 2, 2]);
  });

  it('knows the tokens that end a text', async () => {
    expect([...(await open(files)).ends]).toEqual([8]);
    writeFileSync(join(folder, 'generation_config.json'), '{"eos_token_id": [7, 8]}');
    expect([...(await open(files)).ends]).toEqual([8, 7]);
    rmSync(join(folder, 'generation_config.json'));
    expect([...(await open(files, {})).ends]).toEqual([]);
  });

  it.each([
    [
      'a part of an unknown kind',
      { pre_tokenizer: { type: 'UnicodeScripts' } },
      /pre_tokenizer of type "UnicodeScripts"/,
    ],
    ['an option that it does not know', { normalizer: { type: 'NFC', form: 1 } }, /normalizer NFC: .*form/],
    ['merges left out at random', { model: { ...files.model, dropout: 0.1 } }, /model BPE: dropout/],
    ['two tokens in front', { post_processor: twoInFront() }, /2 tokens in front/],
    ['names of the prototype', { normalizer: { type: 'constructor' } }, /normalizer of type "constructor"/],
  ])('refuses %s', async (_, more, message) => {
    await expect(open({ ...files, ...more })).rejects.toMatchObject({
      code: 'tokenizer-unsupported',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['an id of 2³¹', { model: { ...files.model, vocab: { a: 2 ** 31 } } }, /vocab: not an object of ids/],
    [
      'an id that is no number',
      { model: { ...files.model, vocab: { a: 'b' } } },
      /vocab: not an object of ids/,
    ],
    [
      'merges that are no pairs',
      { model: { ...files.model, merges: [['a', 'b', 'c']] } },
      /merges: not a list of pairs/,
    ],
    ['a merge of three', { model: { ...files.model, merges: ['a b 1'] } }, /merge 1 is not two tokens/],
    [
      'a merge that makes no token',
      { model: { ...files.model, merges: ['b a'] } },
      /merge 1 needs the token "ba"/,
    ],
    [
      'an added token with another id',
      { added_tokens: [special('<s>', 9)] },
      /"<s>" has the id 9.*gives it 7/,
    ],
    ['sequences in sequences for ever', { normalizer: 'ENDLESS' }, /more than 128 deep/],
    ['sequences in sequences', { normalizer: 'DEEP' }, /nested deeper than 8/],
    ['a class without an end', { pre_tokenizer: splitBy('[a') }, /regular expression/],
    ['an expression that is none', { pre_tokenizer: splitBy('(a') }, /nvalid regular expression/],
  ])('refuses %s', async (_, more, message) => {
    await expect(open({ ...files, ...more })).rejects.toMatchObject({
      code: expect.stringMatching(/^tokenizer-(invalid|unsupported)$/),
      message: expect.stringMatching(message),
    });
  });

  it('gives up an expression that tries every way to match', async () => {
    const evil = await open({ ...files, pre_tokenizer: splitBy('(a+)+$b') });
    expect(() => evil.encode(`${'a'.repeat(40)}c`)).toThrow(
      expect.objectContaining({ code: 'tokenizer-too-slow' }),
    );
    expect(evil.encode('1')).toEqual([4]);
    const decoder = { type: 'Replace', pattern: { Regex: '(a+)+$b' }, content: '' };
    const reading = await open({
      ...files,
      decoder: { type: 'Sequence', decoders: [{ type: 'Fuse' }, decoder] },
    });
    expect(() => reading.decode([...Array(40).fill(0), 1, 2])).toThrow(
      expect.objectContaining({ code: 'tokenizer-too-slow' }),
    );
  });

  it('refuses a tokenizer that is larger than its model, missing, or damaged', async () => {
    await expect(open(files, config, 12)).rejects.toMatchObject({
      code: 'tokenizer-mismatch',
      message: expect.stringMatching(/up to 12.*vocab_size, 12/s),
    });
    await expect(open({ model: {} })).rejects.toMatchObject({ code: 'tokenizer-invalid' });
    writeFileSync(join(folder, 'tokenizer.json'), '{');
    await expect(openTokenizer(checkpoint(13))).rejects.toMatchObject({ code: 'tokenizer-invalid' });
    rmSync(join(folder, 'tokenizer.json'));
    await expect(openTokenizer(checkpoint(13))).rejects.toMatchObject({ code: 'tokenizer-missing' });
  });
});
