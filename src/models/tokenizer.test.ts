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

function open(tokenizer: unknown, tokenizerConfig: unknown = config, vocabularySize = 13) {
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
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

  it('puts the begin-of-text token in front when the files want it', async () => {
    expect((await open(files, { ...config, add_bos_token: true })).encode('a')).toEqual([7, 0]);
    const template = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [7], tokens: ['<s>'] } },
    };
    const tokenizer = await open({ ...files, post_processor: template });
    expect(tokenizer.beginOfText).toBe(7);
    expect(tokenizer.encode('ab')).toEqual([7, 2]);
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
