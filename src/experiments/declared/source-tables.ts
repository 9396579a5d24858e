/** The tables of the source paper, as it prints them. */

export const SOURCE_RANKS: readonly number[] = [2, 4, 8, 16, 32, 64];

export const SOURCE_STEPS: readonly number[] = [1, 10, 20, 40];

/** Phase A: coverage at each of {@link SOURCE_STEPS}, a row for each of {@link SOURCE_RANKS}. */
export const SOURCE_COVERAGE: readonly (readonly number[])[] = [
  [0.003, 0.004, 0.004, 0.005],
  [0.008, 0.009, 0.009, 0.01],
  [0.017, 0.019, 0.018, 0.02],
  [0.033, 0.036, 0.036, 0.041],
  [0.068, 0.074, 0.073, 0.085],
  [0.131, 0.143, 0.142, 0.157],
];

/** Phase A at step 1. */
export const SOURCE_START_COVERAGE: readonly number[] = SOURCE_COVERAGE.map(([first]) => first!);

/** Phase B: loss after 40 steps of each of {@link SOURCE_RANKS}. */
export const SOURCE_LOSSES: readonly number[] = [7.7594, 7.6619, 7.5063, 7.2428, 6.7678, 6.0559];

/** Phase C at step 40: K, coverage of the SVD frame, of a random one, and their ratio as printed. */
export const SOURCE_BASES: readonly (readonly [rank: number, svd: number, random: number, ratio: number])[] =
  [
    [8, 0.02, 0.02, 1.01],
    [32, 0.085, 0.077, 1.1],
    [64, 0.157, 0.158, 0.99],
  ];
