import { describe, expect, it } from 'vitest';
import { loadReference } from '../../test/support/reference.ts';
import { openModel } from '../models/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { sequencesOf } from '../text/index.ts';
import { lossDifference, meanLoss, sequenceLosses } from './perplexity.ts';

describe('the loss of a model on a text', () => {
  it('equals PyTorch’s, whatever the batches', async () => {
    const reference = loadReference('gpt2');
    const model = await openModel(reference.folder);
    const sequences = sequencesOf(reference.batches[0]!);
    const { count } = sequences;
    const engine = createOnnxEngine();
    for (const batchSize of [1, 3, count]) {
      const losses = await sequenceLosses(engine, model, sequences, batchSize);
      expect(losses.losses).toHaveLength(count);
      expect(Math.abs(meanLoss(losses).mean / reference.json.losses[0] - 1)).toBeLessThan(1e-5);
    }
    await engine.close();
  });

  it('has the interval of Student over sequences with equally many targets', () => {
    // Mean 2, standard error 1/√3, and t of 2 degrees of freedom at 97.5 % is 4.302653.
    const { mean, low, high } = meanLoss({ losses: [1, 2, 3], targets: [7, 7, 7] });
    expect(mean).toBeCloseTo(2, 12);
    expect(high - mean).toBeCloseTo(4.302653 / Math.sqrt(3), 5);
    expect(mean - low).toBeCloseTo(high - mean, 12);
  });

  it('weighs sequences by their targets', () => {
    expect(meanLoss({ losses: [1, 4], targets: [2, 1] }).mean).toBeCloseTo(2, 12);
  });

  it('tells a small constant change from the differences between sequences', () => {
    const targets = [3, 3, 3];
    const base = { losses: [1, 5, 9], targets };
    const better = { losses: [0.9, 4.9, 8.9], targets };
    const { mean, low, high } = lossDifference(better, base);
    expect(mean).toBeCloseTo(-0.1, 12);
    expect(high - low).toBeLessThan(1e-9);
  });
});
