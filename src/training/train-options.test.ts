import { describe, expect, it } from 'vitest';
import type { Model } from '../models/index.ts';
import { resolveTrainOptions, type TrainOptions } from './train-options.ts';

const model = { definition: { contextLength: 64 }, compute: 'float32' } as Model;
const resolve = (options: Omit<TrainOptions, 'directory'>) =>
  resolveTrainOptions(model, { ...options, directory: 'nowhere' });

describe('the words of PEFT', () => {
  it('lora is factors that start on random frames, unless another basis is asked for', () => {
    expect(resolve({ adapter: 'lora' })).toMatchObject({ adapter: 'factors', basis: 'random', scale: 1 });
    expect(resolve({ adapter: 'lora', basis: 'gradient' })).toMatchObject({
      adapter: 'factors',
      basis: 'gradient',
    });
    expect(resolve({ adapter: 'factors' })).toMatchObject({ adapter: 'factors', basis: 'svd' });
  });

  it('alpha is divided by the rank', () => {
    expect(resolve({ adapter: 'lora', rank: 16, loraAlpha: 32 }).scale).toBe(2);
    expect(resolve({ rank: 8, loraAlpha: 2 }).scale).toBe(0.25);
    // Without a rank by the default.
    expect(resolve({ loraAlpha: 8 }).scale).toBe(0.5);
  });

  it('alpha goes neither with a scale nor with a plan', () => {
    const code = expect.objectContaining({ code: 'options-conflict' });
    expect(() => resolve({ loraAlpha: 8, scale: 1 })).toThrow(code);
    expect(() => resolve({ loraAlpha: 8, plan: 'plan.json' })).toThrow(code);
  });
});
