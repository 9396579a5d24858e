/** Whole models of a few hundred weights: config, weights and sizes that contradict each other. */
import { join } from 'node:path';
import { type Model, openModel } from '../../../src/models/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { defineModelFromConfig } from '../kit/expected-weights.ts';
import { breakJson } from '../kit/json-case.ts';
import { chance } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';
import { breakTensors, randomTensor, tensorFile } from '../kit/tensor-file.ts';
import { gpt2Config, llamaConfig } from './config.ts';

export const model = defineTarget<Model>({
  name: 'model',
  weight: 4,
  make: makeModel,
  read: (folder) => openModel(folder, { cacheFolder: join(folder, 'cache'), onWarning: () => {} }),
});

function makeModel(rng: Rng): FuzzCase<Model> {
  const config = chance(rng, 0.4) ? gpt2Config(rng) : llamaConfig(rng);
  const shapes = defineModelFromConfig(config);
  const tensors = shapes.map(({ name, shape }) => randomTensor(name, shape, rng));
  const inConfig = chance(rng, 0.6);
  const document = breakJson(config, rng, {
    intact: inConfig ? 0.1 : 1,
    // Sizes that the weights do not have.
    breaks: ({ what, path }) =>
      what === 'retype' && /^(vocab_size|hidden_size|n_embd|n_layer|num_hidden_layers|n_head)$/.test(path),
  });
  const weights =
    inConfig || chance(rng, 0.2)
      ? { bytes: tensorFile(tensors), verdict: 'accept' as const, changes: [] }
      : breakTensors(tensors, rng);
  const verdict = document.verdict === 'accept' ? weights.verdict : document.verdict;
  const changes = [...document.changes, ...weights.changes];
  return {
    files: { 'config.json': document.bytes, 'model.safetensors': weights.bytes },
    verdict,
    changes,
    check: ({ definition }) =>
      changes.length === 0 && definition.weights.length !== shapes.length
        ? `${definition.weights.length} weights, not ${shapes.length}`
        : undefined,
  };
}
