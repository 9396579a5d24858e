/** Tokenizers of every kind against transformers, on many texts: see scripts/reference/make-tokenizers.py. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../tokenizer.ts';

const FOLDER = new URL('../../../test/reference/tokenizers/', import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
const texts: string[] = read('texts.json');
const names = readdirSync(FOLDER).filter((name) => name !== 'texts.json');

describe.each(names)('%s', (name) => {
  const { tokenizer: file, config, ids, decoded } = read(name);
  const tokenizer = createTokenizer(name, { tokenizer: file, config });

  it('gives every text the ids that transformers gives it', () => {
    const got = texts.map((text) => [text, tokenizer.encode(text)]);
    expect(got).toEqual(texts.map((text, i) => [text, ids[i]]));
  });

  it('decodes to the same text', () => {
    const got = (ids as number[][]).map((row) => tokenizer.decode(row));
    expect(got).toEqual(decoded);
  });
});
