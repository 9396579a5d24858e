import { expect, it } from 'vitest';
import { sequencesOf, type Tokenizer } from '../text/index.ts';
import { renderPreview } from './preview.ts';

const tokens = Int32Array.from([...'ask\nsay\n!__\x1b____'].map((letter) => letter.charCodeAt(0)));
const lossMask = Uint8Array.from(tokens, (_, i) => (i >= 4 && i < 9 ? 1 : 0));
const tokenizer = { decode: (ids: readonly number[]) => String.fromCharCode(...ids) } as Tokenizer;
const texts = {
  path: 'chats.jsonl',
  sequences: sequencesOf({ tokens, lossMask, seqLen: 16 }),
  receipt: { documents: 1, tokens: 9, sequences: 1, targets: 5, notes: [], first: [], files: [] },
  bytes: 9,
  sha256: '',
};

it('marks what is predicted without colour, and colours it where that may be', () => {
  const plain = renderPreview({ texts, tokenizer }, 3, false);
  expect(plain).toContain(
    'sequence 1 of 1: 16 tokens, 5 predicted\n  | ask⏎\n  > say⏎\n  > !\n  | __\\u{1b}____\n',
  );
  expect(plain).not.toContain('\x1b');
  const colored = renderPreview({ texts, tokenizer }, 1, true);
  expect(colored).toContain('  > \x1b[32msay⏎\x1b[39m');
});

it('says how often padding stands there', () => {
  const padded = Int32Array.from([97, 98, 46, 46, 46, 46, 46, 46]);
  const sequences = sequencesOf({
    tokens: padded,
    lossMask: Uint8Array.from([0, 1, 0, 0, 0, 0, 0, 0]),
    seqLen: 8,
  });
  expect(renderPreview({ texts: { ...texts, sequences }, tokenizer }, 1, false)).toContain(
    '  > b\n  | . × 6\n',
  );
});
