import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { makeSequences, sampleBatches } from './batches.ts';
import type { Tokenizer } from './tokenizer.ts';

/** One token per letter: a is 1, b is 2, …; 0 ends a text; 99 begins one when asked. */
function letters(beginOfText: number | null = null, endOfText: number | null = 0): Tokenizer {
  const encode = (text: string) => [
    ...(beginOfText === null ? [] : [beginOfText]),
    ...[...text].map((letter) => letter.charCodeAt(0) - 96),
  ];
  return {
    vocabularySize: 100,
    encode,
    encodeAll: (texts) => texts.map((text) => [encode(text)]),
    decode: () => '',
    hasToken: () => true,
    endOfText,
    endOfSequence: endOfText,
    ends: new Set(),
    beginOfText,
  };
}

const rows = (data: ArrayLike<number>, seqLen: number) =>
  Array.from({ length: data.length / seqLen }, (_, row) =>
    Array.from({ length: seqLen }, (_, i) => data[row * seqLen + i]),
  );

describe('makeSequences', () => {
  const documents = [{ text: 'abcde' }, { text: 'fg' }, { text: 'hijk' }];

  it('packs documents one after the other, an end-of-text token between, and drops the rest', () => {
    const packed = makeSequences(documents, letters(), { seqLen: 4, pack: true });
    expect(packed).toMatchObject({ count: 3, seqLen: 4, tokensFound: 11 });
    expect(rows(packed.tokens, 4)).toEqual([
      [1, 2, 3, 4],
      [5, 0, 6, 7],
      [0, 8, 9, 10],
    ]);
    expect(rows(packed.lossMask, 4)).toEqual([
      [0, 1, 1, 1],
      [0, 1, 1, 1],
      [0, 1, 1, 1],
    ]);
  });

  it('packs without a separator when there is none', () => {
    const packed = makeSequences(documents, letters(null, null), { seqLen: 5, pack: true });
    expect(rows(packed.tokens, 5)).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10],
    ]);
  });

  it('pads: one document per sequence, long ones cut, padding and lone tokens no targets', () => {
    const padded = makeSequences([{ text: 'abcde' }, { text: 'fg' }], letters(null, 50), {
      seqLen: 4,
      pack: false,
    });
    // The piece [e] predicts nothing and is left out.
    expect(rows(padded.tokens, 4)).toEqual([
      [1, 2, 3, 4],
      [6, 7, 50, 50],
    ]);
    expect(rows(padded.lossMask, 4)).toEqual([
      [0, 1, 1, 1],
      [0, 1, 0, 0],
    ]);
    expect(padded).toMatchObject({ count: 2, tokensFound: 7 });
  });

  it('counts no prompt in the loss, packed or padded', () => {
    const asked = [{ prompt: 'ab', text: 'cd' }, { text: 'ef' }];
    const packed = makeSequences(asked, letters(99), { seqLen: 9, pack: true });
    expect(rows(packed.tokens, 9)).toEqual([[99, 1, 2, 3, 4, 0, 99, 5, 6]]);
    expect(rows(packed.lossMask, 9)).toEqual([[0, 0, 0, 1, 1, 1, 1, 1, 1]]);
    const padded = makeSequences(asked, letters(99), { seqLen: 4, pack: false });
    expect(rows(padded.tokens, 4)).toEqual([
      [99, 1, 2, 3],
      [99, 5, 6, 0],
    ]);
    expect(rows(padded.lossMask, 4)).toEqual([
      [0, 0, 0, 1],
      [0, 1, 1, 0],
    ]);
  });

  it('makes nothing of a single token', () => {
    for (const pack of [true, false]) {
      expect(makeSequences([{ text: 'a' }], letters(), { seqLen: 2, pack })).toMatchObject({ count: 0 });
    }
  });
});

describe('sampleBatches', () => {
  const text = 'abcdefghijklmnopqrstuvwx';
  const sequences = makeSequences([{ text }], letters(), { seqLen: 4, pack: true });

  it('draws every sequence once, in an order that the seed decides', () => {
    const draw = (seed: number) => {
      const batches = sampleBatches(sequences, { batchSize: 2, count: 3, rng: createRng(seed) });
      expect(batches.map((batch) => [batch.sequences, batch.seqLen])).toEqual([
        [2, 4],
        [2, 4],
        [2, 4],
      ]);
      expect(batches.flatMap((batch) => rows(batch.lossMask, 4))).toEqual(Array(6).fill([0, 1, 1, 1]));
      return batches.flatMap((batch) => rows(batch.tokens, 4));
    };
    const whole = rows(sequences.tokens, 4);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1).toSorted((a, b) => a[0]! - b[0]!)).toEqual(whole);
  });

  it('says what a text that is too short lacks', () => {
    expect(() => sampleBatches(sequences, { batchSize: 2, count: 4, rng: createRng(1) })).toThrow(
      /24 tokens, which make 6 sequences of 4\n.*8 sequences \(4 batches × 2\): about 32 tokens\n.*--seq-len/,
    );
  });
});
