/** Whatever fails in the engine, and whenever: nothing stays in it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { probe } from '../src/coverage/index.ts';
import { LeadingFrames } from '../src/coverage/leading/leading-frames.ts';
import type { Setting, TrainTrial, Trial } from '../src/experiments/index.ts';
import { createJobRunner } from '../src/experiments/run-job.ts';
import { generateTokens, openModel } from '../src/models/index.ts';
import { createRng, float32 } from '../src/numeric/index.ts';
import { createOnnxEngine, Owner } from '../src/runtime/index.ts';
import { sequencesOf } from '../src/text/index.ts';
import { pretrain, train } from '../src/training/index.ts';
import { makeTinyModel, writeText } from './e2e/tiny-model.ts';
import type { EngineWatch } from './support/watched-engine.ts';

const holder = vi.hoisted(() => ({ watch: undefined as unknown as EngineWatch }));
vi.mock('../src/runtime/index.ts', async (load) => {
  const runtime = await load<typeof import('../src/runtime/index.ts')>();
  const { EngineWatch } = await import('./support/watched-engine.ts');
  holder.watch = new EngineWatch();
  const engine = holder.watch.of(runtime.createOnnxEngine({ threads: 2 }));
  return { ...runtime, createOnnxEngine: () => engine };
});

const base = mkdtempSync(join(tmpdir(), 'rankscope-held-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const text = writeText(join(base, 'text.txt'), 400);
const engine = createOnnxEngine();

/** Nothing is taken from a cache, so that every run asks the engine for the same. */
const openTiny = () =>
  openModel(makeTinyModel(join(base, 'tiny')), { cacheFolder: mkdtempSync(join(base, 'cache-')) });
const newFolder = () => mkdtempSync(join(base, 'run-'));

const TRIAL: TrainTrial = {
  kind: 'train',
  setting: 'pretrained',
  family: 'core',
  basis: 'svd',
  rank: 2,
  layers: '*h.0.attn*',
  learningRate: 0.01,
  steps: 1,
  seed: 0,
  watch: true,
  ablate: true,
  observe: { steps: [1], bases: ['random'] },
};

/** Trials on the tiny model; the settings of `reproduce` are for larger ones. */
async function runTrials(...trials: readonly Trial[]): Promise<void> {
  const cacheFolder = mkdtempSync(join(base, 'cache-'));
  const setting: Setting = {
    name: 'pretrained',
    kind: 'pretrained',
    title: 'tiny',
    model: makeTinyModel(join(base, 'tiny')),
    layerShapes: [],
    data: text,
    batchSize: 2,
    seqLen: 12,
    evalSequences: 2,
    calibrationBatches: 2,
    frameRank: 4,
  };
  const identity = { config: {}, tokensSha256: '' };
  const runner = createJobRunner({
    settings: [setting],
    contents: { pretrained: [] },
    identities: { pretrained: identity },
    cacheFolder,
    threads: 1,
  });
  try {
    for (const trial of trials) await runner.run({ kind: 'trial', trial });
  } finally {
    await runner.close();
  }
}

/** What is tried, and at how many of its requests the engine fails. */
const RUNS: readonly (readonly [name: string, failures: number, run: () => Promise<unknown>])[] = [
  [
    'a probe',
    16,
    async () =>
      probe(await openTiny(), text, {
        ranks: [2, 4],
        bases: ['svd', 'gradient', 'natural', 'random'],
        batches: 8,
        calibrationBatches: 2,
        batchSize: 2,
        seqLen: 12,
      }),
  ],
  [
    'a training',
    6,
    async () =>
      train(await openTiny(), text, {
        directory: newFolder(),
        rank: 2,
        basis: 'gradient',
        steps: 2,
        batchSize: 2,
        seqLen: 12,
        evalData: text,
        evalEvery: 1,
        coverageEvery: 1,
        calibrationBatches: 2,
      }),
  ],
  [
    'pretraining',
    6,
    async () => {
      const { definition } = await openTiny();
      const tokens = Int32Array.from({ length: 96 }, (_, i) => i % 7);
      return pretrain({
        engine,
        definition,
        sequences: sequencesOf({ tokens, lossMask: new Uint8Array(96).fill(1), seqLen: 12 }),
        settings: {
          steps: 2,
          batchSize: 2,
          microBatchSize: 1,
          learningRate: 0.01,
          finalLearningRate: 0.001,
          warmup: 1,
          weightDecay: 0.1,
          clip: 1,
          seed: 7,
        },
        identity: {},
        directory: newFolder(),
        checkpointEvery: 5,
      });
    },
  ],
  [
    'generating',
    6,
    async () => {
      const options = {
        maxTokens: 3,
        temperature: 1,
        topP: 1,
        ends: new Set<number>(),
        hasToken: () => true,
      };
      const rng = createRng(1);
      for await (const _ of generateTokens(engine, await openTiny(), [1, 2], { ...options, rng }));
    },
  ],
  [
    'leading frames',
    24,
    async () => {
      await using owner = new Owner();
      const frames = await owner.own(Promise.resolve(new LeadingFrames(engine)));
      const rng = createRng(1);
      const [m, n] = [136, 144];
      const normal = (rows: number, cols: number) =>
        Float32Array.from({ length: rows * cols }, () => rng.normal());
      const layer = { name: 'l', inFeatures: m, outFeatures: n, stored: 'in-out' } as never;
      await frames.ofWeight(layer, normal(m, n), 4);
      const keep = (rows: number, cols: number, values: Float32Array) =>
        owner.own(engine.keep(float32([rows, cols], values)));
      const unit = (size: number) =>
        Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 1 : 0));
      const moments = {
        layer,
        gradient: await keep(m, n, normal(m, n)),
        inputs: await keep(m, m, unit(m)),
        outputs: await keep(n, n, unit(n)),
      };
      await frames.natural(moments, 0.3, 4);
    },
  ],
  [
    'trials',
    8,
    () =>
      runTrials(
        TRIAL,
        { kind: 'observe', setting: 'pretrained', bases: ['random'], seed: 0 },
        { kind: 'joint', setting: 'pretrained', bases: ['random'], seed: 0 },
      ),
  ],
];

it.each(RUNS)('%s', async (_, failures, run) => {
  const { watch } = holder;
  const requests = async (failAt: number): Promise<number> => {
    watch.asked = 0;
    watch.failAt = failAt;
    if (failAt === Number.POSITIVE_INFINITY) await run();
    else await expect(run(), `failing at request ${failAt}`).rejects.toThrow('the engine fails');
    expect(watch.open.size, `held after failing at request ${failAt}`).toBe(0);
    return watch.asked;
  };
  const all = await requests(Number.POSITIVE_INFINITY);
  expect(all).toBeGreaterThan(3);
  const tried = new Set(Array.from({ length: failures }, (_, i) => 1 + Math.floor((i * all) / failures)));
  for (const failAt of tried) await requests(failAt);
});
