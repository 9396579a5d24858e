/** What a training run sees of itself at a step: coverage of frozen frames at the weights as they then are. */
import { join } from 'node:path';
import { adaptedModel, type LayerAdapter } from '../adapters/index.ts';
import { inTemporaryFolder } from '../files/index.ts';
import type { Basis, Family } from '../record/index.ts';
import { loadEvaluation } from './fed-adapter.ts';
import { observeCoverage, observeRanks } from './observe.ts';
import type { Observation, ObserveResult, ObserveTrial } from './trial.ts';
import { trialRng, type Workbench } from './workbench.ts';

/** Batches of an observation during training: fewer than at the start, as there are many observations. */
const TRAINING_BATCHES = 4;

const START_FAMILIES: readonly Family[] = ['core', 'factors', 'left', 'right'];
const START_GROUPS = ['all', 'attention', 'mlp'];

export async function observeTraining(
  bench: Workbench,
  layers: readonly LayerAdapter[],
  bases: readonly Basis[],
  seed: number,
  step: number,
): Promise<Observation> {
  const model = adaptedModel(bench.model, { layers });
  const batches = bench.observedBatches(seed).slice(0, TRAINING_BATCHES);
  return inTemporaryFolder(async (folder) => ({
    step,
    points: await observeCoverage({
      model,
      engine: bench.engine,
      sets: await Promise.all(bases.map((basis) => bench.frames(basis, seed))),
      families: ['core'],
      natural: false,
      groups: ['all'],
      batches,
      rng: trialRng(seed, 'permutation'),
      framesFile: join(folder, 'frames.safetensors'),
    }),
    ranks: await observeRanks(model, bench.engine, batches),
  }));
}

/** What an adapter could reach before its first step. */
export async function runObserveTrial(
  bench: Workbench,
  { bases, seed }: ObserveTrial,
): Promise<ObserveResult> {
  const { model, engine, setting } = bench;
  await bench.prepareFrames(bases, seed);
  const batches = bench.observedBatches(seed);
  await using evaluation = await loadEvaluation(engine, model, [], bench.evaluation, setting.batchSize);
  const evalLoss = await evaluation.run();
  return inTemporaryFolder(async (folder) => ({
    observation: {
      step: 1,
      points: await observeCoverage({
        model,
        engine,
        sets: await Promise.all(bases.map((basis) => bench.frames(basis, seed))),
        families: START_FAMILIES,
        natural: true,
        groups: START_GROUPS,
        batches,
        rng: trialRng(seed, 'permutation'),
        framesFile: join(folder, 'frames.safetensors'),
      }),
      ranks: await observeRanks(model, engine, batches),
    },
    evalLoss,
  }));
}
