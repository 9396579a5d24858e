import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { makeSequences } from './read-sequences.ts';
import { sampleBatches } from './sequences.ts';
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
    expect(rows(packed.batch().tokens, 4)).toEqual([
      [1, 2, 3, 4],
      [5, 0, 6, 7],
      [0, 8, 9, 10],
    ]);
    expect(rows(packed.batch().lossMask, 4)).toEqual([
      [0, 1, 1, 1],
      [0, 1, 1, 1],
      [0, 1, 1, 1],
    ]);
  });

  it('packs without a separator when there is none', () => {
    const packed = makeSequences(documents, letters(null, null), { seqLen: 5, pack: true });
    expect(rows(packed.batch().tokens, 5)).toEqual([
      [1, 2, 3, 4, 5],
      [6, 7, 8, 9, 10],
    ]);
  });

  it('puts the token that begins a text in front of every sequence, also inside a document', () => {
    const packed = makeSequences(documents, letters(99), { seqLen: 4, pack: true });
    expect(rows(packed.batch().tokens, 4)).toEqual([
      [99, 1, 2, 3],
      [99, 4, 5, 0],
      [99, 6, 7, 0],
      [99, 8, 9, 10],
    ]);
    expect(rows(packed.batch().lossMask, 4)).toEqual(Array(4).fill([0, 1, 1, 1]));
    expect(packed.tokensFound).toBe(14);
    const padded = makeSequences([{ text: 'abcde' }], letters(99), { seqLen: 4, pack: false });
    expect(rows(padded.batch().tokens, 4)).toEqual([
      [99, 1, 2, 3],
      [99, 4, 5, 0],
    ]);
  });

  it('pads: one document per sequence, long ones cut, padding and lone tokens no targets', () => {
    const padded = makeSequences([{ text: 'abcde' }, { text: 'fg' }], letters(null, 50), {
      seqLen: 4,
      pack: false,
    });
    // Each document is followed by the token that ends it, which is a target; what pads is none.
    expect(rows(padded.batch().tokens, 4)).toEqual([
      [1, 2, 3, 4],
      [5, 50, 50, 50],
      [6, 7, 50, 50],
    ]);
    expect(rows(padded.batch().lossMask, 4)).toEqual([
      [0, 1, 1, 1],
      [0, 1, 0, 0],
      [0, 1, 1, 0],
    ]);
    expect(padded).toMatchObject({ count: 3, tokensFound: 7, notes: [] });
    // An end alone in its sequence follows nothing.
    const full = makeSequences([{ text: 'abcd' }], letters(null, 50), { seqLen: 4, pack: false });
    expect(full).toMatchObject({
      count: 1,
      notes: ['Sequences left out because nothing in them is to be predicted: 1.'],
    });
  });

  it('counts no prompt in the loss, packed or padded', () => {
    const asked = [{ prompt: 'ab', text: 'cd' }, { text: 'ef' }];
    const packed = makeSequences(asked, letters(99), { seqLen: 9, pack: true });
    expect(rows(packed.batch().tokens, 9)).toEqual([[99, 1, 2, 3, 4, 0, 99, 5, 6]]);
    expect(rows(packed.batch().lossMask, 9)).toEqual([[0, 0, 0, 1, 1, 1, 1, 1, 1]]);
    const padded = makeSequences(asked, letters(99), { seqLen: 4, pack: false });
    expect(rows(padded.batch().tokens, 4)).toEqual([
      [99, 2, 3, 4],
      [99, 5, 6, 0],
    ]);
    expect(rows(padded.batch().lossMask, 4)).toEqual([
      [0, 0, 1, 1],
      [0, 1, 1, 1],
    ]);
  });

  it('lets a prompt lose its beginning down to half a sequence, then a completion its end, and says so', () => {
    const asked = [
      { prompt: 'abcdefgh', text: 'xy' },
      { prompt: 'ab', text: 'uvwxyz' },
      { prompt: 'abcdefgh', text: 'stuvwxyz' },
      { prompt: 'ab', text: 'xy' },
    ];
    const made = makeSequences(asked, letters(99), { seqLen: 8, pack: false });
    expect(rows(made.batch().tokens, 8)).toEqual([
      [99, 5, 6, 7, 8, 24, 25, 0],
      [99, 1, 2, 21, 22, 23, 24, 25],
      [99, 6, 7, 8, 19, 20, 21, 22],
      [99, 1, 2, 24, 25, 0, 0, 0],
    ]);
    expect(rows(made.batch().lossMask, 8)).toEqual([
      [0, 0, 0, 0, 0, 1, 1, 1],
      [0, 0, 0, 1, 1, 1, 1, 1],
      [0, 0, 0, 0, 1, 1, 1, 1],
      [0, 0, 0, 1, 1, 1, 0, 0],
    ]);
    expect(made.notes).toEqual([
      'Prompts that lost their beginning, so that the completion fits: 2 (9 tokens).',
      'Completions too long for a sequence, which lost their end: 2 (7 tokens).',
    ]);
  });

  it('ends a completion by the model’s own end, a document by the mark of a document’s end, and neither twice', () => {
    const chat = { ...letters(null, 0), endOfSequence: 26 };
    const documents = [{ prompt: 'a', text: 'b' }, { text: 'cd' }, { prompt: 'a', text: 'bz' }];
    const padded = makeSequences(documents, chat, { seqLen: 4, pack: false });
    expect(rows(padded.batch().tokens, 4)).toEqual([
      [1, 2, 26, 0],
      [3, 4, 0, 0],
      [1, 2, 26, 0],
    ]);
    expect(rows(padded.batch().lossMask, 4)).toEqual([
      [0, 1, 1, 0],
      [0, 1, 1, 0],
      [0, 1, 1, 0],
    ]);
    const packed = makeSequences(documents, chat, { seqLen: 9, pack: true });
    expect(rows(packed.batch().tokens, 9)).toEqual([[1, 2, 26, 3, 4, 0, 1, 2, 26]]);
    expect(rows(packed.batch().lossMask, 9)).toEqual([[0, 1, 1, 1, 1, 1, 0, 1, 1]]);
    const without = makeSequences([{ text: 'ab' }], letters(null, null), { seqLen: 2, pack: false });
    expect(without.notes).toEqual([
      'The tokenizer names no token that ends a text, so that no end is learned.',
    ]);
  });

  it('encodes prompt and completion as one text, and predicts a token that reaches across', () => {
    // As letters, but "bc" is one token, 50.
    const encode = (text: string) =>
      [...text.replaceAll('bc', 'R')].map((letter) => (letter === 'R' ? 50 : letter.charCodeAt(0) - 96));
    const pairs = {
      ...letters(),
      encode,
      encodeAll: (texts: readonly string[]) => texts.map((text) => [encode(text)]),
    };
    const made = makeSequences(
      [
        { prompt: 'ab', text: 'cd' },
        { prompt: 'ad', text: 'bc' },
      ],
      pairs,
      {
        seqLen: 4,
        pack: false,
      },
    );
    expect(rows(made.batch().tokens, 4)).toEqual([
      [1, 50, 4, 0],
      [1, 4, 50, 0],
    ]);
    expect(rows(made.batch().lossMask, 4)).toEqual([
      [0, 1, 1, 1],
      [0, 0, 1, 1],
    ]);
    expect(made.notes).toEqual(['Prompts that end within a token, which is predicted then: 1.']);
  });

  it('counts sequences of nothing but prompts', () => {
    const made = makeSequences([{ prompt: 'abcdefgh', text: 'i' }], letters(), { seqLen: 4, pack: true });
    expect(made).toMatchObject({
      count: 0,
      notes: [
        'Sequences left out because nothing in them is to be predicted: 2.',
        'Tokens left out at the end, too few for a sequence: 2.',
      ],
    });
  });

  it('makes nothing of a single token', () => {
    for (const pack of [true, false]) {
      const tokenizer = letters(null, null);
      expect(makeSequences([{ text: 'a' }], tokenizer, { seqLen: 2, pack })).toMatchObject({ count: 0 });
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
    const whole = rows(sequences.batch().tokens, 4);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1).toSorted((a, b) => a[0]! - b[0]!)).toEqual(whole);
  });

  it('says what a text that is too short lacks', () => {
    expect(() => sampleBatches(sequences, { batchSize: 2, count: 4, rng: createRng(1) })).toThrow(
      /24 tokens, which make 6 sequences of 4\. .*\n.*8 sequences \(4 batches × 2\): about 32 tokens\n.*batches, batchSize or seqLen/,
    );
  });
});
