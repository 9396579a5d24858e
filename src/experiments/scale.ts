/** How much a full run and a smoke run spend. */
import type { Scale } from './experiment.ts';

export const FULL: Scale = {
  quick: false,
  seeds: [0, 1, 2, 3, 4],
  learningRates: [0.01, 0.02, 0.04],
  coreRank: 16,
  ranks: [2, 4, 8, 16, 32, 64],
  shortSteps: 40,
  longSteps: 400,
  budgets: [5, 20, 45, 100, 400],
  observedSteps: [1, 10, 20, 40],
};

/** On a model of real size: fewer seeds. */
export const REAL: Scale = { ...FULL, seeds: [0, 1, 2], ranks: [4, 16, 64] };

/** Enough to go through every line of every experiment, and no more. */
export const QUICK: Scale = {
  quick: true,
  seeds: [0, 1],
  learningRates: [0.01],
  coreRank: 16,
  ranks: [4, 8, 16],
  shortSteps: 5,
  longSteps: 20,
  budgets: [3, 5, 10],
  observedSteps: [1, 3, 5],
};
