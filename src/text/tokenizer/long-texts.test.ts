/** Long texts take bounded steps, and become what they would become as a whole. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../tokenizer.ts';
import { BytePairs } from './byte-pairs.ts';
import { IdList } from './id-list.ts';
import { LONGEST_STRETCH } from './unbroken-text.ts';

const read = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../../../test/reference/tokenizers/${name}.json`, import.meta.url), 'utf8'),
  );
const { texts } = read('texts') as { texts: string[] };
const idsOf = (list: IdList) => list.lists().flatMap((ids) => [...ids]);

describe('a long word', () => {
  it('is cut where no merge reaches across, and becomes the same tokens', () => {
    const { tokenizer: file } = read('spm-legacy');
    const { vocab, merges, ...options } = file.model;
    const model = new BytePairs(new Map(Object.entries(vocab)), merges, options);
    // The same word whole: one whose characters must keep their place is never cut.
    const whole = new BytePairs(new Map(Object.entries(vocab)), merges, {
      ...options,
      end_of_word_suffix: '\0',
    });
    const word = `▁${texts.join(' ').replaceAll(' ', '▁')}`.repeat(4);
    const [cut, uncut] = [new IdList(), new IdList()];
    model.encode(word, cut);
    whole.encode(word, uncut);
    // The suffix makes the last character unknown.
    expect(idsOf(cut).slice(0, -8)).toEqual(idsOf(uncut).slice(0, idsOf(cut).length - 8));
    expect(idsOf(cut).length).toBeGreaterThan(8192);
  });

  it.each(['unigram', 'unigram-whole', 'spm-first', 'gpt2'])(
    'has the ids of its parts in %s where a line ends',
    (name) => {
      const tokenizer = createTokenizer(name, read(name));
      const line = 'the cat and the dog and the thing in that world </s>';
      const ids = tokenizer.encode(line);
      const many = tokenizer.encodeAll([line.repeat(2000)])[0]!;
      const all = many.flatMap((piece) => [...(piece as Int32Array)]);
      // Later lines do not begin the text, where some put a space.
      const later = tokenizer.encode(line + line).slice(ids.length);
      expect(all.slice(0, ids.length)).toEqual(ids);
      expect(all.length).toBe(ids.length + 1999 * later.length);
      expect(all.slice(-later.length)).toEqual(later);
      expect(Math.max(...many.map(({ length }) => length))).toBeLessThanOrEqual(8192);
    },
  );

  it('is refused where it can be cut nowhere', () => {
    const { tokenizer: file, config } = read('gpt2');
    const merged = {
      ...file,
      model: { ...file.model, vocab: { ...file.model.vocab, xx: 400 }, merges: ['x x'] },
    };
    const tokenizer = createTokenizer('x', { tokenizer: { ...merged, added_tokens: [] }, config });
    expect(tokenizer.encode('x'.repeat(LONGEST_STRETCH / 64))).toHaveLength(LONGEST_STRETCH / 128);
    expect(() => tokenizer.encode('x'.repeat(LONGEST_STRETCH + 2))).toThrow(
      expect.objectContaining({ code: 'text-unbroken' }),
    );
  });
});
