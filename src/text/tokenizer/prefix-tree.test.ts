import { describe, expect, it } from 'vitest';
import { createRng } from '../../numeric/index.ts';
import { PrefixTree } from './prefix-tree.ts';

const found = (tree: PrefixTree<number>, text: string, start: number) => {
  const ends: [number, number][] = [];
  tree.visit(text, start, (end, value) => ends.push([end, value]));
  return ends;
};

describe('a prefix tree', () => {
  it('finds what startsWith finds, for random texts of two letters', () => {
    const rng = createRng(7);
    const draw = (length: number) => Array.from({ length }, () => (rng.uniform() < 0.5 ? 'a' : 'b')).join('');
    for (let round = 0; round < 200; round++) {
      const texts = Array.from({ length: 12 }, () => draw(Math.floor(7 * rng.uniform())));
      const tree = new PrefixTree<number>();
      for (const [value, text] of texts.entries()) tree.add(text, value);
      const text = draw(12);
      for (let start = 0; start <= text.length; start++) {
        const wanted = texts.flatMap((one, value): [number, number][] =>
          one !== '' && texts.indexOf(one) === value && text.startsWith(one, start)
            ? [[start + one.length, value]]
            : [],
        );
        expect(found(tree, text, start)).toEqual(wanted.sort(([a], [b]) => a - b));
      }
    }
  });

  it('takes no node per letter of long texts that begin alike', () => {
    const tree = new PrefixTree<number>();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 10; i++) tree.add('y'.repeat(100_000 + i), i);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8e6);
    expect(found(tree, 'y'.repeat(100_001), 0)).toEqual([
      [100_000, 0],
      [100_001, 1],
    ]);
  });
});
