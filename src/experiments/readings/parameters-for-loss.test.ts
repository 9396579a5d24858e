import { describe, expect, it } from 'vitest';
import { BUNDLED_SHAPES } from '../made-up/world.ts';
import { equalRank, trainedParametersOf } from './equal-parameters.ts';
import { parametersForLoss } from './parameters-for-loss.ts';

const CURVE = [
  { parameters: 100, loss: 6 },
  { parameters: 1000, loss: 5 },
  { parameters: 10000, loss: 4.5 },
];

describe('parameters for a loss', () => {
  it('are read off between two points, in the logarithm', () => {
    expect(parametersForLoss(CURVE, 5.5)).toEqual({ parameters: expect.closeTo(316.23, 2), outside: null });
    expect(parametersForLoss(CURVE, 4.75).parameters).toBeCloseTo(3162.28, 1);
    expect(parametersForLoss(CURVE, 5)).toEqual({ parameters: expect.closeTo(1000, 8), outside: null });
  });

  it('are the fewest where noise lets a curve turn', () => {
    const turning = [...CURVE.slice(0, 2), { parameters: 10000, loss: 5.2 }];
    expect(parametersForLoss(turning, 5.1).parameters).toBeLessThan(1000);
  });

  it('say so where the curve does not enclose the loss', () => {
    expect(parametersForLoss(CURVE, 7)).toEqual({ parameters: 100, outside: 'below' });
    expect(parametersForLoss(CURVE, 4)).toEqual({ parameters: 10000, outside: 'above' });
  });
});

describe('ranks at equal parameters', () => {
  it('come nearest to those of CT-LoRA at K = 64 on the bundled model', () => {
    const parameters = trainedParametersOf('core', BUNDLED_SHAPES, 64);
    expect(parameters).toBe(65536);
    const found = (['factors', 'left', 'right', 'diagonal'] as const).map((family) => {
      const rank = equalRank(family, BUNDLED_SHAPES, parameters, 256);
      return [family, rank, trainedParametersOf(family, BUNDLED_SHAPES, rank)];
    });
    expect(found).toEqual([
      ['factors', 4, 65536],
      ['left', 7, 64512],
      ['right', 9, 64512],
      ['diagonal', 256, 4096],
    ]);
  });

  it('never take a rank beyond the frames, and at least 1', () => {
    expect(equalRank('core', BUNDLED_SHAPES, 1e9, 32)).toBe(32);
    expect(equalRank('factors', BUNDLED_SHAPES, 1, 32)).toBe(1);
  });
});
