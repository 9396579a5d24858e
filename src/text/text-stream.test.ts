import { expect, it } from 'vitest';
import { TextStream } from './text-stream.ts';

/** A tokenizer of bytes. */
const bytes = { decode: (ids: readonly number[]) => new TextDecoder().decode(Uint8Array.from(ids)) };

it('holds a character back until all of its bytes are there', () => {
  const stream = new TextStream(bytes);
  const pieces = [...new TextEncoder().encode('aé🙂b')].map((byte) => stream.push(byte));
  expect(pieces).toEqual(['a', '', 'é', '', '', '', '🙂', 'b']);
  expect(stream.end()).toBe('');
});

it('gives what is left at the end', () => {
  const stream = new TextStream(bytes);
  expect(stream.push(0xc3)).toBe('');
  expect(stream.end()).toBe('\ufffd');
  expect(stream.end()).toBe('');
});

it('keeps the space before a word, which a decoder of SentencePiece leaves out at the beginning of a text', () => {
  const words = ['▁Call', '▁me', 'n', '▁🙂'];
  const pieces = {
    decode: (ids: readonly number[]) =>
      ids
        .map((id) => words[id])
        .join('')
        .replaceAll('▁', ' ')
        .trimStart(),
  };
  const whole = new TextStream(pieces);
  expect([0, 1, 2, 3].map((id) => whole.push(id))).toEqual(['Call', ' me', 'n', ' 🙂']);
  expect(new TextStream(pieces, [0]).push(1)).toBe(' me');
});
