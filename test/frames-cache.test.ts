/** Frames that are kept between runs: the same as made at once, and found by all that determines them. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeFrames, planFrames } from '../src/coverage/index.ts';
import { type Model, openModel } from '../src/models/index.ts';
import { createRng, leadingColumns } from '../src/numeric/index.ts';
import { createOnnxEngine, type Engine } from '../src/runtime/index.ts';
import { makeSequences, readDocuments, sampleBatches } from '../src/text/index.ts';
import { makeTinyModel, writeText } from './e2e/tiny-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'frames-cache-'));
const engine = createOnnxEngine({ threads: 1 });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

let loads = 0;
const counting: Engine = {
  ...engine,
  load: (graph) => {
    loads++;
    return engine.load(graph);
  },
};
const BASES = ['gradient', 'gradient-lora-ga', 'natural', 'activation', 'random'];

beforeAll(() => {
  makeTinyModel(join(folder, 'tiny'));
  writeText(join(folder, 'text.txt'));
});

const open = (cache: string): Promise<Model> =>
  openModel(join(folder, 'tiny'), { cacheFolder: join(folder, cache), onWarning: () => {} });

async function framesOf(
  model: Model,
  { rank = 6, ridge = 0.3, first = 0, bases = BASES, on = counting } = {},
) {
  const tokenizer = await model.tokenizer();
  const { documents } = await readDocuments(join(folder, 'text.txt'));
  const sequences = makeSequences(documents, tokenizer, { seqLen: 8, pack: true });
  const drawn = sampleBatches(sequences, { batchSize: 2, count: 6, rng: createRng(1) });
  const layers = model.definition.layers.slice(0, 3);
  const plans = planFrames(bases, 1, layers);
  const calibration = drawn.slice(first, first + 4);
  const rng = createRng(2);
  return makeFrames({
    model,
    engine: on,
    layers,
    plans,
    rank,
    ridge,
    calibration,
    rng,
    onProgress: () => {},
  });
}

it('frames of smaller ranks come from the cache, the same as made at once, and no pass is run for them', async () => {
  const made = await framesOf(await open('a'));
  const before = loads;
  const again = await framesOf(await open('a'));
  expect(again).toEqual(made);
  const fewer = await framesOf(await open('a'), { rank: 3 });
  expect(loads).toBe(before);
  expect(await framesOf(await open('fresh'), { rank: 3 })).toEqual(fewer);
  expect(loads).toBeGreaterThan(before);
  for (const [set, { frames }] of fewer.entries()) {
    for (const [layer, { u }] of frames) {
      expect(u).toEqual(leadingColumns(made[set]!.frames.get(layer)!.u, u.cols));
    }
  }
});

it('other batches and another ridge have frames of their own', async () => {
  const model = await open('b');
  const plain = await framesOf(model, { bases: ['natural'] });
  for (const change of [{ ridge: 0.1 }, { first: 1 }]) {
    const before = loads;
    expect(await framesOf(model, { bases: ['natural'], ...change })).not.toEqual(plain);
    expect(loads).toBeGreaterThan(before);
  }
  expect(readdirSync(join(folder, 'b', 'frames'))).toHaveLength(3);
});

it('a missing basis is made as it was with the others, and a damaged file is made again', async () => {
  const both = await framesOf(await open('c'), { bases: ['gradient', 'natural'] });
  const kept = join(folder, 'c', 'frames');
  const [one] = readdirSync(kept);
  const path = join(kept, one!);
  rmSync(path);
  expect(await framesOf(await open('c'), { bases: ['gradient', 'natural'] })).toEqual(both);
  writeFileSync(
    path,
    readFileSync(path).map((byte, at) => (at === 4000 ? byte ^ 1 : byte)),
  );
  const model = await open('c');
  expect(await framesOf(model, { bases: ['gradient', 'natural'] })).toEqual(both);
  expect(model.warnings.join()).toContain('damaged');
});

it('another device has frames of its own', async () => {
  const model = await open('d');
  await framesOf(model, { bases: ['gradient'] });
  const before = loads;
  await framesOf(model, { bases: ['gradient'], on: { ...counting, name: 'another' } });
  expect(loads).toBeGreaterThan(before);
  expect(readdirSync(join(folder, 'd', 'frames'))).toHaveLength(2);
});
