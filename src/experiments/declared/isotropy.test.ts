import { describe, expect, it } from 'vitest';
import { coverageWorld, exercise, expectedCoverage, verdicts, wobble } from '../made-up/coverage-world.ts';
import { worldResults } from '../made-up/world.ts';
import { isotropy } from './isotropy.ts';

/** Random frames at their null, times a factor; the SVD frame at another multiple of it. */
const world = (random: number, svd: number) =>
  coverageWorld(
    ({ basis, family, rank, seed }) =>
      expectedCoverage(family, rank) * (basis === 'svd' ? svd : random) * (1 + 0.005 * wobble(seed)),
  );

describe('isotropy', () => {
  it('refutes the formal statement where random frames have the two-sided null', () => {
    expect(verdicts(isotropy, worldResults(world(1, 1)))).toEqual({
      formal: 'refuted',
      'two-sided': 'confirmed',
      'one-sided': 'confirmed',
      structure: 'refuted',
    });
  });

  it('confirms the formal statement where two-sided frames keep K/min(m,n)', () => {
    const formal = coverageWorld(
      ({ family, rank, seed }) =>
        (family === 'core' ? Math.sqrt(rank / 256) : expectedCoverage(family, rank)) *
        (1 + 0.005 * wobble(seed)),
    );
    expect(verdicts(isotropy, worldResults(formal))).toMatchObject({
      formal: 'confirmed',
      'two-sided': 'refuted',
    });
  });

  it('sees structure that takes energy from the SVD frame', () => {
    expect(verdicts(isotropy, worldResults(world(1, 0.6))).structure).toBe('confirmed');
  });

  it('says the predicted coverage: √(64/256) = 0.5 against 64/512 = 0.125', () => {
    const why = isotropy.claims[0]!.why(
      worldResults(coverageWorld(({ family, rank }) => expectedCoverage(family, rank))),
    );
    expect(why).toContain('coverage by the formula is 0.5');
    expect(why).toContain('K/√(mn) is 0.125');
  });

  it('goes through at every scale', () => {
    expect(exercise(isotropy, world(1, 1))).toEqual({ full: [], quick: [] });
  });
});
