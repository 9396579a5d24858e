import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Cache } from '../checkpoint/index.ts';
import { fromFloat32, svd } from '../numeric/index.ts';
import { topSingularVectors } from './svd-cache.ts';

const folder = mkdtempSync(join(tmpdir(), 'svd-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));
const notes: string[] = [];
const cache = new Cache(folder, (text) => notes.push(text));

const vectorsOf = (inFeatures: number, outFeatures: number, values: Float32Array, rank: number) =>
  topSingularVectors(
    { name: 'layer', role: 'up', inFeatures, outFeatures, stored: 'in-out', bias: false },
    values,
    (columns) => svd(fromFloat32(inFeatures, outFeatures, values), { rank: columns }),
    rank,
    cache,
  );

it('keeps the vectors of weights of equal bytes and different shapes apart', async () => {
  const zeros = new Float32Array(12);
  for (const [rows, columns] of [
    [3, 4],
    [4, 3],
    [2, 6],
    [3, 4],
  ] as const) {
    const { u, v } = await vectorsOf(rows, columns, zeros, 2);
    expect([u.rows, u.cols, v.rows, v.cols]).toEqual([rows, 2, columns, 2]);
  }
  expect(readdirSync(join(folder, 'svd'))).toHaveLength(3);
});

it('gives the same vectors from the cache, from a damaged cache, and made at once', async () => {
  const values = Float32Array.from({ length: 20 }, (_, i) => Math.sin(i * i));
  const before = new Set(readdirSync(join(folder, 'svd')));
  const made = await vectorsOf(4, 5, values, 3);
  const path = join(folder, 'svd', readdirSync(join(folder, 'svd')).find((name) => !before.has(name))!);
  expect(await vectorsOf(4, 5, values, 3)).toEqual(made);
  expect(notes).toEqual([]);
  writeFileSync(
    path,
    readFileSync(path).map((byte, at, all) => (at < all.length - 128 ? byte : 0)),
  );
  expect(await vectorsOf(4, 5, values, 3)).toEqual(made);
  expect(notes).toHaveLength(1);
  const fewer = await vectorsOf(4, 5, values, 2);
  expect([...fewer.u.data]).toEqual([...made.u.data].filter((_, i) => i % 3 < 2));
});
