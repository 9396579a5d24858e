import { describe, expect, it } from 'vitest';
import { energyByDefinition, fallingMatrix } from '../../test/support/frames.ts';
import { createRng, effectiveRank, haarFrame, mean, singularValues } from '../numeric/index.ts';
import { FAMILIES } from '../record/index.ts';
import { dimension, nullEnergy, parameterCount } from './families.ts';
import { nullBand, nullMoments } from './null.ts';

const [M, N, DRAWS] = [12, 9, 2000];

describe('the null against 2,000 draws of random frames', async () => {
  const rng = createRng(7);
  const gradient = fallingMatrix(M, N, 0.6, rng);
  const concentration = 1 / effectiveRank(await singularValues(gradient)).participation;

  it.each(FAMILIES.flatMap((family) => [1, 4, 8].map((rank) => ({ family, rank }))))(
    '$family at rank $rank: mean, variance and band',
    async ({ family, rank }) => {
      const energies: number[] = [];
      for (let draw = 0; draw < DRAWS; draw++) {
        const u = await haarFrame(M, rank, rng);
        const v = await haarFrame(N, rank, rng);
        energies.push(await energyByDefinition(family, gradient, u, v, rank));
      }
      const { mean: expected, variance } = nullMoments(family, M, N, rank, concentration);
      expect(expected).toBe(nullEnergy(family, M, N, rank));
      const error = Math.sqrt(variance / DRAWS);
      expect(Math.abs(mean(energies) - expected)).toBeLessThan(3 * error);

      const squares = energies.map((energy) => (energy - expected) ** 2);
      const errorOfVariance = Math.sqrt(mean(squares.map((s) => (s - mean(squares)) ** 2)) / DRAWS);
      expect(Math.abs(mean(squares) - variance)).toBeLessThan(4 * errorOfVariance);

      const { low, high } = nullBand({ mean: expected, variance });
      const inside = energies.filter((energy) => energy >= low ** 2 && energy <= high ** 2).length / DRAWS;
      // The moments are exact, the beta shape is not: at rank 1 the band holds a little more than 95 %.
      expect(inside).toBeGreaterThan(0.93);
      expect(inside).toBeLessThan(0.98);
    },
  );
});

it('every dimension of a random tangent space has 1/(mn) of the energy', () => {
  for (const family of FAMILIES) {
    expect(nullEnergy(family, M, N, 5)).toBeCloseTo(dimension(family, M, N, 5) / (M * N), 15);
  }
  expect(dimension('core', M, N, 5)).toBe(25);
  expect(dimension('factors', M, N, 5)).toBe(5 * (12 + 9 - 5));
  expect(parameterCount('factors', M, N, 5)).toBe(5 * (12 + 9));
});

it('full rank leaves nothing to chance', () => {
  expect(nullMoments('core', 6, 6, 6, 0.4).mean).toBe(1);
  expect(nullMoments('core', 6, 6, 6, 0.4).variance).toBeCloseTo(0, 12);
  expect(nullBand(nullMoments('factors', 6, 6, 6, 0.4))).toEqual({ coverage: 1, low: 1, high: 1 });
});
