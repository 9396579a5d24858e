import { describe, expect, it } from 'vitest';
import type { TrainMetrics, TrainRecord } from '../record/index.ts';
import { renderTrainHtml } from './train-html.ts';
import { describeAdapter, summarizeTraining } from './train-summary.ts';

const layer = {
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
const data = { path: 'texts/moby.txt', sha256: 'cd', documents: 1, tokens: 640, sequences: 10 };
const record: TrainRecord = {
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
  data,
  evalData: data,
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
  },
  adapter: { layers: [layer], trainedParameters: 16 },
  gradientLayers: ['h.0.<attn>'],
  step: 2,
  notes: [],
};
const metrics: TrainMetrics[] = [
  { step: 0, evalLoss: 5 },
  { step: 1, loss: 5.5, learningRate: 0.001, gradientNorm: 100, tokensPerSecond: 10, coverage: 0.25 },
  { step: 2, loss: 4.5, learningRate: 0.0005, gradientNorm: 1, tokensPerSecond: 10, evalLoss: 4 },
];

describe('the page of a training run', () => {
  const page = renderTrainHtml(record, metrics, null);

  it('draws the curves that were measured, and no others', () => {
    for (const id of ['loss', 'coverage', 'norm', 'rate']) expect(page, id).toContain(`id="${id}-912-title"`);
    for (const id of ['gain', 'natural', 'rank', 'cosine'])
      expect(page, id).not.toContain(`id="${id}-912-title"`);
    expect(page).toContain(
      'training batch: 5.50 at 1 to 4.50 at 2; evaluation text: 5.00 at 0 to 4.00 at 2.',
    );
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('loads nothing, and escapes what comes from a record', () => {
    expect(page).toContain("default-src 'none'".replaceAll("'", '&#39;'));
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;model&gt; trained on moby.txt');
    expect(page).not.toContain('<model>');
  });

  it('tells that a run was stopped', () => {
    expect(page).toContain('This run was stopped early');
    expect(renderTrainHtml({ ...record, status: 'complete' }, metrics, null)).not.toContain('stopped early');
  });

  it('draws a run that ended before its first step', () => {
    expect(renderTrainHtml(record, [], null)).toContain('What was run');
  });
});

describe('a run in words', () => {
  it('says what was trained and what it did', () => {
    expect(summarizeTraining(record, metrics)).toBe(
      '16 parameters on 1 layer (core svd, rank 4) after 2 steps. Loss on the evaluation text 5.0000 → 4.0000 ' +
        '(perplexity 148.41 → 54.60). Coverage at the end: 0.250.',
    );
    expect(summarizeTraining(record, metrics.slice(1))).toContain(
      'Loss of the training batch 5.5000 → 4.5000.',
    );
  });

  it('names mixed adapters so', () => {
    const layers = [layer, { ...layer, family: 'left' as const }];
    expect(describeAdapter({ ...record, adapter: { layers, trainedParameters: 48 } })).toBe('mixed, by plan');
    const ranks = [layer, { ...layer, rank: 2 }];
    expect(describeAdapter({ ...record, adapter: { layers: ranks, trainedParameters: 20 } })).toBe(
      'core svd, rank 2 to 4',
    );
  });
});
