/** The byte-pair trainer that made the bundled tokenizer. */
import { describe, expect, it } from 'vitest';
import { trainBytePairs } from '../scripts/assets/bpe-trainer.ts';
import { tokenizerFiles } from '../scripts/assets/tokenizer-files.ts';
import { createTokenizer } from '../src/text/tokenizer.ts';

describe('trainBytePairs', () => {
  it('joins the most frequent pair first, and counts anew after each merge', () => {
    // Words: "aab" × 3, " aab" × 2, "ab" × 2. a b occurs 7 times, then a ab 5 times, then the space before aab twice.
    const texts = ['aab aab', 'aab aab', 'aab', 'ab', 'ab'];
    const { tokens, merges } = trainBytePairs(texts, 259);
    expect(merges).toEqual([
      ['a', 'b'],
      ['a', 'ab'],
      ['Ġ', 'aab'],
    ]);
    expect(tokens.slice(256)).toEqual(['ab', 'aab', 'Ġaab']);
  });

  it('merges overlapping pairs from the left, and of equal counts the pair of older tokens first', () => {
    // aaaaa becomes aa aa a, in which both pairs occur once.
    const { merges } = trainBytePairs(['aaaaa'], 258);
    expect(merges).toEqual([
      ['a', 'a'],
      ['aa', 'a'],
    ]);
  });

  it('says when there is nothing left to join', () => {
    expect(() => trainBytePairs(['ab'], 300)).toThrow(/too short/);
  });

  it('makes a tokenizer that gives every text back', () => {
    const text = 'It’s 1,234 naïve — tests…\n\n  日本 and\ttabs ';
    const { tokenizer, config } = tokenizerFiles(trainBytePairs([text.repeat(3)], 270));
    const { encode, decode, endOfText, vocabularySize } = createTokenizer('trained', { tokenizer, config });
    expect(decode(encode(text))).toBe(text);
    expect(encode(text).length).toBeLessThan(new TextEncoder().encode(text).length);
    expect(encode('<|endoftext|>')).toEqual([270]);
    expect([endOfText, vocabularySize]).toEqual([270, 271]);
  });
});
