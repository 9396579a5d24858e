import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ReproductionRecord } from '../record/index.ts';
import { type Setting, type TrainTrial, type TrialRecord, trialId } from './trial.ts';

const setting: Setting = {
  name: 'pretrained',
  title: 'a title',
  kind: 'pretrained',
  model: '/a/model',
  layerShapes: [[8, 8]],
  data: '/a/text.txt',
  batchSize: 4,
  seqLen: 128,
  evalSequences: 32,
  calibrationBatches: 16,
  frameRank: 256,
};
const trial: TrainTrial = {
  kind: 'train',
  setting: 'pretrained',
  family: 'core',
  basis: 'svd',
  rank: 8,
  layers: '*',
  learningRate: 0.01,
  steps: 4,
  seed: 0,
};
const contents = ['weights', 'text'];
const id = trialId(trial, setting, contents);

describe('the name of a trial', () => {
  it.each([
    ['batchSize', 2],
    ['seqLen', 64],
    ['evalSequences', 16],
    ['calibrationBatches', 32],
    ['frameRank', 64],
    ['kind', 'random-start'],
    ['aFieldToCome', 1],
  ])('is another one when %s of its setting is', (field, value) => {
    expect(trialId(trial, { ...setting, [field]: value } as Setting, contents)).not.toBe(id);
  });

  it.each([
    ['name', 'other'],
    ['title', 'other'],
    ['model', '/other'],
    ['data', '/other.txt'],
  ])('does not depend on %s', (field, value) => {
    expect(trialId(trial, { ...setting, [field]: value }, contents)).toBe(id);
  });

  it('is another one for other weights, another text or another trial', () => {
    expect(trialId(trial, setting, ['other', 'text'])).not.toBe(id);
    expect(trialId(trial, setting, ['weights', 'other'])).not.toBe(id);
    expect(trialId({ ...trial, seed: 1 }, setting, contents)).not.toBe(id);
  });

  it.each([
    ['bundled', 256],
    ['smollm2', 64],
  ])('is that of every committed trial of %s', (run, frameRank) => {
    const file = (name: string) => {
      const url = new URL(`../../results/reproduction/${run}/${name}`, import.meta.url);
      return readFileSync(fileURLToPath(url), 'utf8');
    };
    const { settings } = JSON.parse(file('reproduction.json')) as ReproductionRecord;
    const known = new Map(settings.map((one) => [one.name, one]));
    const lines = file('trials.jsonl').trim().split('\n');
    for (const line of lines) {
      const record = JSON.parse(line) as TrialRecord;
      const { name, model, data, ...sizes } = known.get(record.trial.setting)!;
      const { batchSize, seqLen, evalSequences, calibrationBatches } = sizes;
      const then: Setting = {
        ...setting,
        ...{ name, kind: name as Setting['kind'], frameRank },
        ...{ batchSize, seqLen, evalSequences, calibrationBatches },
      };
      expect(trialId(record.trial, then, [model.sha256, data.sha256])).toBe(record.id);
    }
    expect(lines.length).toBeGreaterThanOrEqual(100);
  });
});
