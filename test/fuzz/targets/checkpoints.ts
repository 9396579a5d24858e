/** States of trainings that are resumed: of an adapter, and of a pretraining. */

import type { LayerAdapter } from '../../../src/adapters/index.ts';
import type { LinearLayer, ModelDefinition } from '../../../src/models/index.ts';
import { float32, type Rng } from '../../../src/numeric/index.ts';
import { loadCheckpoint } from '../../../src/training/train-checkpoint.ts';
import { loadTrainingState } from '../../../src/training/training-checkpoint.ts';
import { breakJson } from '../kit/json-case.ts';
import { chance } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { breakTensors, type PlainTensor, randomTensor, tensorFile } from '../kit/tensor-file.ts';

const LAYER: LinearLayer = {
  name: 'h.0.attn',
  role: 'up',
  inFeatures: 4,
  outFeatures: 6,
  stored: 'in-out',
  bias: true,
};
const SETTINGS = { rank: 2, adapter: 'core', seed: 1, config: 'a', tokens: 'b', evalTokens: 'c' };
const STEP = 5;

/** Step, and a sum of what was read. */
interface Read {
  readonly step: number;
  readonly sum: number;
}

const PARTS = ['trained', 'first', 'second'];

export const checkpoint = defineTarget<Read>({
  name: 'checkpoint',
  weight: 2,
  make: (rng) =>
    makeState(
      'checkpoint.safetensors',
      PARTS.map((part) => randomTensor(`${part}/h.0.attn/m`, [2, 2], rng)),
      rng,
    ),
  read(folder) {
    const trained = { m: float32([2, 2], new Float32Array(4)) };
    const layer: LayerAdapter = {
      layer: LAYER,
      family: 'core',
      basis: 'svd',
      rank: 2,
      scale: 1,
      frozen: {},
      trained,
    };
    const zeros = () => ({ 'h.0.attn/m': new Float32Array(4) });
    const state = loadCheckpoint(
      folder,
      [layer],
      { step: 0, first: zeros(), second: zeros() },
      SETTINGS,
      () => {},
    );
    const { first, second } = state.optimizer;
    return {
      step: state.optimizer.step,
      sum: sumOf(trained.m.data as Float32Array, first['h.0.attn/m']!, second['h.0.attn/m']!),
    };
  },
});

const DEFINITION = { weights: [{ name: 'w', shape: [3] }] } as unknown as ModelDefinition;

export const pretraining = defineTarget<Read>({
  name: 'pretraining',
  weight: 2,
  make: (rng) =>
    makeState(
      'training.safetensors',
      ['weights', 'first', 'second'].map((part) => randomTensor(`${part}/w`, [3], rng)),
      rng,
      {
        rng: [1, 2, 3, 4, 5, 6, 7, 8, 0, 0],
      },
    ),
  read(folder) {
    const { weights, optimizer } = loadTrainingState(folder, DEFINITION, SETTINGS, () => {});
    return { step: optimizer.step, sum: sumOf(weights.w!, optimizer.first.w!, optimizer.second.w!) };
  },
});

function makeState(
  file: string,
  tensors: readonly PlainTensor[],
  rng: Rng,
  more: object = {},
): FuzzCase<Read> {
  const progress = { step: STEP, sequencesTaken: 12, settings: SETTINGS, ...more };
  const inProgress = chance(rng, 0.5);
  const document = breakJson(progress, rng, {
    intact: inProgress ? 0.2 : 1,
    // Some settings are younger than the first states: without them a run goes on with a warning.
    breaks: ({ what, path }) =>
      what === 'retype' || (what === 'remove' && !path.endsWith('*') && !path.startsWith('settings/')),
  });
  const metadata = { progress: Buffer.from(document.bytes).toString('utf8') };
  const numbers = inProgress
    ? { bytes: tensorFile(tensors, metadata), verdict: document.verdict, changes: document.changes }
    : breakTensors(tensors, rng, metadata);
  const sum = sumOf(...tensors.map(({ values }) => values));
  return {
    files: { [file]: numbers.bytes },
    verdict: numbers.verdict,
    changes: numbers.changes,
    check: (read) =>
      numbers.changes.length > 0 || (read.step === STEP && read.sum === sum)
        ? undefined
        : 'read otherwise than written',
  };
}

function sumOf(...arrays: readonly ArrayLike<number>[]): number {
  return arrays.reduce((whole, array) => Array.from(array).reduce((sum, value) => sum + value, whole), 0);
}
