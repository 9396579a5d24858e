import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSequences } from './read-sequences.ts';
import type { Tokenizer } from './tokenizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'sequences-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** One token per letter, by its code; 0 ends a text and is written as a dot. */
const encode = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const letters: Tokenizer = {
  vocabularySize: 128,
  encode,
  encodeAll: (texts) => texts.map((text) => [encode(text)]),
  decode: (ids) => ids.map((id) => (id === 0 ? '.' : String.fromCharCode(id))).join(''),
  hasToken: () => true,
  endOfText: 0,
  endOfSequence: 0,
  ends: new Set([0]),
  beginOfText: null,
};

function read(lines: readonly object[], seqLen: number, pack: boolean) {
  const path = join(folder, 'text.jsonl');
  writeFileSync(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  return readSequences(path, letters, { seqLen, pack });
}

describe('the receipt of a text', () => {
  it('counts what was found and made, and shows the first sequence with what of it is predicted', async () => {
    const { receipt } = await read(
      [{ prompt: 'what?', completion: 'yes' }, { text: 'abc' }, { text: ' ' }],
      12,
      false,
    );
    expect(receipt).toEqual({
      documents: 2,
      tokens: 11,
      sequences: 2,
      targets: 4 + 3,
      notes: ['Documents without text were left out: 1.'],
      first: [
        { text: 'what?', target: false },
        { text: 'yes.', target: true },
        { text: '...', target: false },
      ],
      files: [
        expect.objectContaining({
          documents: 2,
          blank: 1,
          tokens: 11,
          sequences: 2,
          targets: 7,
          given: 2 * 12 - 7,
        }),
      ],
    });
  });

  it('shows no more than the beginning of a long one', async () => {
    const { receipt } = await read([{ text: 'a'.repeat(5000) }], 2048, true);
    expect(receipt.first.map(({ text, target }) => [text.length, text.at(-1), target])).toEqual([
      [1, 'a', false],
      [160, '…', true],
    ]);
  });

  it('says when there is nothing to predict, and when a text is too short', async () => {
    await expect(read([{ prompt: 'a'.repeat(16), completion: 'b' }], 8, true)).rejects.toMatchObject({
      code: 'text-without-targets',
      message: expect.stringMatching(/17 tokens.*nothing in them is to be predicted: 2/s),
    });
    await expect(read([{ text: 'abc' }], 8, true)).rejects.toMatchObject({
      code: 'text-too-short',
      message: expect.stringMatching(/3 tokens.*at least 8/s),
    });
  });
});
