/** A small training record for tests of the reports. */
import type { TrainMetrics, TrainRecord } from '../record/index.ts';

const LAYER = {
  name: 'h.0.<attn>',
  family: 'core' as const,
  basis: 'svd',
  rank: 4,
  scale: 1,
  inFeatures: 8,
  outFeatures: 8,
  stored: 'in-out' as const,
  bias: false,
};
const DATA = { path: 'texts/moby.txt', sha256: 'cd', documents: 1, tokens: 640, sequences: 10 };
export const exampleTrainRecord = (): TrainRecord => ({
  schema: 'rankscope.train',
  version: 1,
  status: 'partial',
  model: {
    path: 'm',
    name: '<model>',
    architecture: 'gpt2',
    format: 'safetensors',
    parameters: 1e6,
    sha256: 'ab',
  },
  data: DATA,
  evalData: DATA,
  settings: {
    adapter: 'core',
    basis: 'svd',
    rank: 4,
    layers: '*',
    plan: null,
    scale: 1,
    start: 'zero',
    steps: 40,
    batchSize: 2,
    accumulation: 3,
    seqLen: 64,
    pack: true,
    optimizer: 'adamw',
    learningRate: 0.001,
    schedule: 'cosine',
    warmup: 0,
    weightDecay: 0,
    clip: null,
    dropout: 0,
    calibrationBatches: 16,
    ridge: 0.3,
    compute: 'float32',
    seed: 5,
    evalEvery: null,
    coverageEvery: 2,
    // An option that is added later need not stand here.
  } as TrainRecord['settings'],
  adapter: { layers: [LAYER], trainedParameters: 16 },
  gradientLayers: ['h.0.<attn>'],
  step: 2,
  notes: [],
});
export const exampleTrainMetrics = (): TrainMetrics[] => [
  { step: 0, evalLoss: 5 },
  { step: 1, loss: 5.5, learningRate: 0.001, gradientNorm: 100, tokensPerSecond: 10, coverage: 0.25 },
  { step: 2, loss: 4.5, learningRate: 0.0005, gradientNorm: 1, tokensPerSecond: 10, evalLoss: 4 },
];
