/** Worlds in which the loss of an arm follows from what is measured of it, or does not, for tests of experiments. */
import type { Basis, Family } from '../../record/index.ts';
import { trainedParametersOf } from '../readings/equal-parameters.ts';
import { type CoveragePoint, OBSERVED_RANKS, type TrainTrial } from '../trial.ts';
import { BUNDLED_SHAPES, NO_OBSERVATION, type World } from './world.ts';

/** What figures of an arm may depend on. */
export interface ArmPlace {
  readonly basis: Basis;
  readonly rank: number;
  readonly parameters: number;
}

export interface MadeUpArms {
  /** Coverage of an arm, below 1. */
  readonly coverage: (place: ArmPlace) => number;
  /** Held-out ν. */
  readonly natural: (place: ArmPlace) => number;
  /** Held-out loss at the best learning rate. */
  readonly loss: (place: ArmPlace, step: number, trial: TrainTrial) => number;
  /** Size of what chance adds to losses; 0.002 where nothing else is said. */
  readonly noise?: number;
}

/** A number in −1 to 1 that looks like chance and is not. */
export function chance(...at: readonly number[]): number {
  const phase = at.reduce((sum, value, index) => sum + (value + 1) * (12.9898 + 65.161 * index), 0);
  const wide = Math.sin(phase) * 43758.5453;
  return 2 * (wide - Math.floor(wide)) - 1;
}

/** A world whose losses are best at a learning rate of 0.01. */
export function armWorld({ coverage, natural, loss, noise = 0.002 }: MadeUpArms): World {
  const known = new Map<number, CoveragePoint[]>();
  const pointOf = (
    basis: Basis,
    family: Family,
    rank: number,
    group: string,
    seed: number,
  ): CoveragePoint => {
    const parameters = trainedParametersOf(family, BUNDLED_SHAPES, rank);
    const place = { basis, rank, parameters };
    const covered = coverage(place) * (1 + 0.001 * chance(seed, rank));
    const heldOut = natural(place);
    return {
      basis,
      family,
      rank,
      group,
      coverage: covered,
      energy: covered ** 2,
      gain: covered ** 2,
      signalCoverage: covered,
      natural: family === 'core' ? { inSample: 2 * heldOut, heldOut } : null,
      parameters,
    };
  };
  /** Every experiment observes the same bases, so that a seed is enough to know the points by. */
  const pointsOf = (bases: readonly Basis[], seed: number): CoveragePoint[] => {
    const points =
      known.get(seed) ??
      bases.flatMap((basis) =>
        OBSERVED_RANKS.flatMap((rank) =>
          (['core', 'right'] as const).flatMap((family) =>
            ['all', 'attention', 'mlp'].map((group) => pointOf(basis, family, rank, group, seed)),
          ),
        ),
      );
    known.set(seed, points);
    return points;
  };
  return {
    loss: (trial, step) =>
      loss(placeOf(trial), step, trial) +
      Math.log(trial.learningRate / 0.01) ** 2 +
      noise * chance(trial.seed, trial.rank, lettersOf(trial.basis ?? ''), trial.layers.length, step),
    train: (trial) => ({ parameters: parametersOf(trial) }),
    observe: ({ bases, seed }) => ({ observation: { ...NO_OBSERVATION, points: pointsOf(bases, seed) } }),
  };
}

function parametersOf({ family, rank }: TrainTrial): number {
  if (family === 'full') return BUNDLED_SHAPES.reduce((sum, [m, n]) => sum + m * n, 0);
  return trainedParametersOf(family, BUNDLED_SHAPES, rank);
}

const placeOf = (trial: TrainTrial): ArmPlace => ({
  basis: trial.basis ?? 'random',
  // Whole matrices have no rank of their own.
  rank: Math.max(1, trial.rank),
  parameters: parametersOf(trial),
});

const lettersOf = (word: string): number => [...word].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
