/** Inputs of the benchmark: models, tokens and frames in a folder of its own. */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSafetensors } from '../src/checkpoint/index.ts';
import { frameRank } from '../src/coverage/index.ts';
import { findArchitecture, type ModelDefinition, openModel } from '../src/models/index.ts';
import { createRng, float32, haarFrame, type Tensor } from '../src/numeric/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';

const GPT2_SMALL = {
  model_type: 'gpt2',
  vocab_size: 50257,
  n_positions: 1024,
  n_embd: 768,
  n_layer: 12,
  n_head: 12,
  activation_function: 'gelu_new',
  layer_norm_epsilon: 1e-5,
};

/** A model of GPT-2 small's shape with random weights; its times are those of the real one. */
export async function randomGpt2Small(folder: string): Promise<string> {
  const path = join(folder, 'gpt2-small');
  if (existsSync(join(path, 'model.safetensors'))) return path;
  mkdirSync(path, { recursive: true });
  const definition = findArchitecture(GPT2_SMALL, path).define(GPT2_SMALL);
  const rng = createRng(1);
  const tensors: Record<string, Tensor> = {};
  for (const { name, shape } of definition.weights) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const isGain = /ln_.*weight$/.test(name);
    const values = Float32Array.from({ length: size }, () => (isGain ? 1 : 0.02 * rng.normal()));
    tensors[name] = float32(shape, values);
  }
  await writeSafetensors(join(path, 'model.safetensors'), tensors, { format: 'pt' });
  writeFileSync(join(path, 'config.json'), JSON.stringify(GPT2_SMALL));
  return path;
}

/** Random tokens [batches, sequences, seqLen], every position but the first of a sequence a target. */
export async function randomTokens(
  path: string,
  definition: ModelDefinition,
  [batches, sequences, seqLen]: readonly [number, number, number],
) {
  const rng = createRng(2);
  const tokens = Int32Array.from({ length: batches * sequences * seqLen }, () =>
    rng.integer(definition.vocabularySize),
  );
  const lossMask = Uint8Array.from(tokens, (_, i) => (i % seqLen === 0 ? 0 : 1));
  const shape = [batches, sequences, seqLen];
  await writeSafetensors(path, {
    tokens: { dtype: 'int32', shape, data: tokens },
    lossMask: { dtype: 'uint8', shape, data: lossMask },
  });
}

/**
 * Random orthonormal frames for every layer: their content does not change the time. Their names are
 * `<label>/<layer>/<side>` as in the files of the probe, or with an empty label `<layer>/<side>` as in an adapter.
 */
export async function randomFrames(
  path: string,
  definition: ModelDefinition,
  labels: readonly string[],
  rank: number,
) {
  const engine = createOnnxEngine();
  const tensors: Record<string, Tensor> = {};
  for (const label of labels) {
    for (const layer of definition.layers) {
      const rng = createRng(3).fork(`${label}/${layer.name}`);
      for (const [part, size] of [
        ['u', layer.inFeatures],
        ['v', layer.outFeatures],
      ] as const) {
        const columns = frameRank(layer, rank);
        const { data } = await haarFrame(size, columns, rng.fork(part), engine.matmul);
        tensors[`${label === '' ? '' : `${label}/`}${layer.name}/${part}`] = float32([size, columns], data);
      }
    }
  }
  await engine.close();
  await writeSafetensors(path, tensors);
}

export const definitionOf = async (path: string, cacheFolder: string): Promise<ModelDefinition> =>
  (await openModel(path, { cacheFolder })).definition;
