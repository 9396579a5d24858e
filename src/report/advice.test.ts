import { expect, it } from 'vitest';
import type { AdviceRecord } from '../record/index.ts';
import { adviceMarkdown, renderAdviceHtml, renderAdviceText } from './advice.ts';

const plan = { family: 'core', basis: 'natural', rank: 4, parameters: 48 } as const;
const record: AdviceRecord = {
  schema: 'rankscope.advice',
  version: 1,
  model: {
    path: './m',
    name: 'm<b>',
    architecture: 'llama',
    format: 'safetensors',
    parameters: 1000,
    sha256: 'a'.repeat(64),
  },
  data: { path: 'notes.txt', sha256: 'b'.repeat(64), documents: 1, tokens: 1000 },
  settings: {
    steps: 40,
    batchSize: 4,
    seqLen: 128,
    schedule: 'cosine',
    pack: true,
    calibrationBatches: 16,
    batches: 16,
    probeBatchSize: 2,
    ridge: 0.3,
    seed: 0,
  },
  budget: { asked: '50 parameters', parameters: 50 },
  plan: {
    ...plan,
    trainedBytes: 192,
    loraBytes: 768,
    scale: 1,
    warmup: 0,
    layers: [
      { name: 'a', rank: 4 },
      { name: 'b', rank: 0 },
    ],
  },
  natural: { mean: 3, low: 2, high: 4 },
  rate: { learningRate: 0.0123, step: 0.03, agreement: 0.5, waiting: null, passes: 8, notes: [] },
  verdict: 'tied',
  runnersUp: [{ ...plan, basis: 'svd', behind: { mean: 0.01, low: -0.002, high: 0.022 } }],
  next: null,
  allocation: { parameters: 40, layers: 1, lowest: 0, highest: 6, gain: 0.001, gap: 0.1 },
  stability: { replicates: 8, same: 6 },
  cost: { steps: 24, seconds: 12 },
  notes: ['One layer of two is left out.'],
};

it('says what to train, how sure that is, and what it cost', () => {
  const text = renderAdviceText(record);
  const words = text.replace(/\s+/g, ' ');
  expect(words).toContain(
    'cores of rank 4 in natural frames on 1 of 2 layers: 48 parameters. Learning rate 0.0123',
  );
  expect(words).toContain(
    'Tied: by the law of parameters and held-out ν, svd frames are 0.0100 [-0.0020, 0.0220] nats behind',
  );
  expect(words).toContain('win 6 times of 8');
  expect(words).toContain('24.0 passes');
  expect(words).toContain('One layer of two is left out.');
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(renderAdviceText({ ...record, rate: null })).toMatch(/has to be\s+tried/);
});

it('is a page and Markdown in which nothing of a record is markup', () => {
  expect(renderAdviceHtml(record, null)).toContain('m&lt;b&gt; on notes.txt');
  expect(adviceMarkdown(record)).toContain('m\\<b\\> on notes.txt');
  expect(adviceMarkdown(record)).toContain('| core svd | 4 | 48 | 0.0100 [-0.0020, 0.0220] |');
});
