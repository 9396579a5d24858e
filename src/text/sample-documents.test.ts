import { describe, expect, it } from 'vitest';
import { createRng } from '../numeric/index.ts';
import { sampleDocuments } from './sample-documents.ts';

async function sample(sizes: readonly number[], characters: number, seed = 1) {
  const documents = (async function* () {
    for (const [i, size] of sizes.entries()) {
      yield { document: { text: 'x'.repeat(size) }, place: String(i), file: 0 };
    }
  })();
  const count = { seen: 0, kept: 0 };
  const kept: number[] = [];
  const options = { characters, rng: createRng(seed) };
  for await (const { place } of sampleDocuments(documents, options, count)) kept.push(Number(place));
  expect(count).toEqual({ seen: sizes.length, kept: kept.length });
  return kept;
}

describe('a sample of documents', () => {
  it('is all of them in their order while they are short', async () => {
    expect(await sample([3, 4, 3], 10)).toEqual([0, 1, 2]);
  });

  it('is as long as asked, in order, the same for a seed and another for another', async () => {
    const sizes = Array.from({ length: 1000 }, (_, i) => 1 + (i % 7));
    const kept = await sample(sizes, 400);
    const size = kept.reduce((sum, i) => sum + sizes[i]!, 0);
    expect(size).toBeLessThanOrEqual(400);
    expect(size).toBeGreaterThan(392);
    expect(kept).toEqual(kept.toSorted((a, b) => a - b));
    expect(await sample(sizes, 400)).toEqual(kept);
    expect(await sample(sizes, 400, 2)).not.toEqual(kept);
  });

  it('takes documents from everywhere alike', async () => {
    const counts = [0, 0, 0, 0];
    const sizes = Array.from({ length: 400 }, () => 1);
    for (let seed = 0; seed < 50; seed++) {
      for (const i of await sample(sizes, 40, seed)) counts[Math.floor(i / 100)]!++;
    }
    // 500 expected in each quarter, with a standard deviation of 19.
    for (const found of counts) expect(Math.abs(found - 500)).toBeLessThan(80);
  });

  it('holds one document that is longer than all that was asked for', async () => {
    expect(await sample([50, 60, 70], 10)).toHaveLength(1);
  });
});
