import { expect, it } from 'vitest';
import { cosine } from './cosine.ts';
import { spread } from './spread.ts';

it('spreads what it keeps over the whole list', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 4)).toEqual([0, 2, 5, 7]);
  expect(spread(['a', 'b'], 5)).toEqual(['a', 'b']);
  // Seven of sixteen layers of four kinds: every kind is met.
  expect(new Set(spread([...Array(16).keys()], 7).map((layer) => layer % 4)).size).toBe(4);
});

it('takes arrays together as one vector', () => {
  const a = [new Float32Array([3, 0]), new Float64Array([4])];
  expect(cosine(a, [new Float32Array([3, 0]), new Float64Array([4])])).toBeCloseTo(1, 12);
  expect(cosine(a, [new Float32Array([0, 7]), new Float64Array([0])])).toBe(0);
  expect(cosine(a, [new Float32Array([5, 0]), new Float64Array([0])])).toBeCloseTo(0.6, 12);
  expect(cosine(a, [new Float32Array([0, 0]), new Float64Array([0])])).toBe(0);
});
