/** Tokenizers of every kind against transformers, on many texts: see scripts/reference/make-tokenizers.py. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makeSequences } from '../read-sequences.ts';
import { createTokenizer } from '../tokenizer.ts';

const FOLDER = new URL('../../../test/reference/tokenizers/', import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
const { texts, pairs }: { texts: string[]; pairs: [string, string][] } = read('texts.json');
const names = readdirSync(FOLDER).filter((name) => name !== 'texts.json');

describe.each(names)('%s', (name) => {
  const { tokenizer: file, config, ids, decoded, pairs: expected } = read(name);
  const tokenizer = createTokenizer(name, { tokenizer: file, config });

  it('gives every text the ids that transformers gives it', () => {
    const got = texts.map((text) => [text, tokenizer.encode(text)]);
    expect(got).toEqual(texts.map((text, i) => [text, ids[i]]));
  });

  it('decodes to the same text', () => {
    const got = (ids as number[][]).map((row) => tokenizer.decode(row));
    expect(got).toEqual(decoded);
  });

  it('makes sequences of prompts and completions with the same ids and masks', () => {
    const seqLen = 64;
    const documents = pairs.map(([prompt, text]) => ({ prompt, text }));
    const {
      tokens,
      lossMask,
      sequences: count,
    } = makeSequences(documents, tokenizer, { seqLen, pack: false }).batch();
    const end = tokenizer.endOfText!;
    const rows = (expected as { ids: number[]; prompt: number }[]).map(({ ids: row, prompt }) =>
      Array.from({ length: seqLen }, (_, i) => [
        row[i] ?? end,
        i > 0 && i >= prompt && i < row.length ? 1 : 0,
      ]),
    );
    // A row of an end alone, where no character is a token, has nothing to predict.
    const useful = rows.filter((row) => row.some(([, target]) => target === 1));
    const got = Array.from({ length: count }, (_, row) =>
      Array.from({ length: seqLen }, (_, i) => [tokens[row * seqLen + i], lossMask[row * seqLen + i]]),
    );
    expect(useful.length).toBeGreaterThan(10);
    expect(got).toEqual(useful);
  });
});
