import { describe, expect, it } from 'vitest';
import { createRng, restoreRng, shuffle } from './rng.ts';
import { mean, pearson, standardDeviation } from './statistics.ts';

const draw = (n: number, next: () => number) => Array.from({ length: n }, next);

describe('createRng', () => {
  it('pins the numbers of a seed, which recorded experiments depend on', () => {
    const rng = createRng(42);
    expect(draw(3, rng.uniform)).toMatchInlineSnapshot(`
      [
        0.18577689032024403,
        0.8339434181225828,
        0.9653865150131647,
      ]
    `);
    expect(draw(3, rng.normal)).toMatchInlineSnapshot(`
      [
        0.8182167700992272,
        -0.17182213372792152,
        -0.11948992681174342,
      ]
    `);
    expect(draw(5, () => rng.integer(10))).toMatchInlineSnapshot(`
      [
        9,
        2,
        6,
        1,
        0,
      ]
    `);
  });

  it('draws uniforms with the moments of [0, 1) and all their low bits', () => {
    const values = draw(20_000, createRng(1).uniform);
    expect(mean(values)).toBeCloseTo(0.5, 2);
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(1 / 12), 2);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const lowestBits = values.map((value) => Number(BigInt(value * 2 ** 53) & 1n));
    expect(Math.abs(mean(lowestBits) - 0.5)).toBeLessThan(0.02);
  });

  it('draws normals with moments 0, 1, 0, 3, successive ones uncorrelated', () => {
    const values = draw(40_000, createRng(2).normal);
    expect(Math.abs(mean(values))).toBeLessThan(0.02);
    expect(standardDeviation(values)).toBeCloseTo(1, 1);
    expect(Math.abs(mean(values.map((value) => value ** 3)))).toBeLessThan(0.06);
    expect(Math.abs(mean(values.map((value) => value ** 4)) - 3)).toBeLessThan(0.15);
    expect(Math.abs(pearson(values.slice(1), values.slice(0, -1)))).toBeLessThan(0.02);
  });

  it('gives neighbouring seeds unrelated streams', () => {
    const streams = [-1, 0, 1, 2 ** 40, 2 ** 40 + 1].map((seed) => draw(4000, createRng(seed).uniform));
    for (const [i, a] of streams.entries()) {
      for (const b of streams.slice(i + 1)) expect(Math.abs(pearson(a, b))).toBeLessThan(0.06);
    }
  });

  it('refuses seeds and ranges that are not integers', () => {
    expect(() => createRng(0.5)).toThrow('safe integer');
    expect(() => createRng(1).integer(0)).toThrow('positive size');
  });
});

describe('fork', () => {
  it('depends on the labels and not on what was drawn', () => {
    const fresh = createRng(5).fork('data');
    const used = createRng(5);
    draw(101, used.normal);
    expect(draw(5, used.fork('data').uniform)).toEqual(draw(5, fresh.uniform));
  });

  it('gives every path a stream of its own', () => {
    const root = createRng(5);
    const paths = [
      root,
      root.fork(''),
      root.fork('a'),
      root.fork('b'),
      root.fork('ab'),
      root.fork('ba'),
      root.fork('a').fork('b'),
      root.fork('b').fork('a'),
    ];
    const streams = paths.map((rng) => draw(4000, rng.uniform));
    for (const [i, a] of streams.entries()) {
      for (const b of streams.slice(i + 1)) expect(Math.abs(pearson(a, b))).toBeLessThan(0.06);
    }
  });
});

describe('restoreRng', () => {
  it('goes on bit for bit after JSON, spare normal and forks included', () => {
    const rng = createRng(9).fork('train');
    draw(7, rng.normal);
    const restored = restoreRng(JSON.parse(JSON.stringify(rng.state())));
    const next = (stream: typeof rng) => [
      ...draw(6, stream.normal),
      ...draw(6, stream.uniform),
      ...draw(6, () => stream.integer(1000)),
      stream.fork('x').uniform(),
    ];
    expect(next(restored)).toEqual(next(rng));
  });

  it('refuses a state of another length', () => {
    expect(() => restoreRng([1, 2, 3])).toThrow('10 numbers');
  });
});

describe('shuffle', () => {
  it('reaches all six orders of three equally often', () => {
    const rng = createRng(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle(['a', 'b', 'c'], rng).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
  });
});
