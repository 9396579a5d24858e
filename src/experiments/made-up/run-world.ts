/** Worlds in which closer looks at a run are answered by formulas, for tests of declared experiments. */
import type { Results, Scale } from '../experiment.ts';
import type { EffectiveRanks, TrainTrial, TrainTrialResult } from '../trial.ts';
import { coverageWorld } from './coverage-world.ts';
import { FIVE_SEEDS, type World, worldResults } from './world.ts';

type Watch = NonNullable<TrainTrialResult['watch']>;
type Cosines = Exclude<keyof Watch, 'fixedLosses'>;

/** Formulas for what a test does not leave to the defaults. */
export interface MadeUp {
  /** Held-out and training loss after `step` updates. */
  readonly loss?: (trial: TrainTrial, step: number) => number;
  /** The same figure at every step. */
  readonly cosine?: (trial: TrainTrial, kind: Cosines) => number;
  readonly fixedLoss?: (trial: TrainTrial, step: number) => number;
  readonly coverage?: (rank: number) => number;
  readonly effectiveRanks?: (step: number, seed: number) => EffectiveRanks;
  readonly ablation?: (trial: TrainTrial) => NonNullable<TrainTrialResult['ablation']>;
  readonly updateRank?: (trial: TrainTrial) => number;
  readonly startLoss?: number;
}

/** A small number that differs from one argument to the next, so that seeds and arms have noise of their own. */
export const jitter = (at: number): number => 0.01 * Math.sin(7 * at + 1);

/** A loss that is least at a learning rate in the middle of the grid. */
export const tunedLoss = ({ learningRate, seed }: TrainTrial, best: number): number =>
  best + 0.1 * Math.log2(learningRate / 0.01) ** 2 + jitter(seed);

export function madeUpWorld({
  loss = (trial) => tunedLoss(trial, 5),
  cosine = ({ seed }) => 0.4 + jitter(seed),
  fixedLoss = (_, step) => 6 - 0.01 * step,
  coverage = (rank) => 0.002 * rank,
  effectiveRanks = () => ({ batch: 10, mean: 8, weights: 230 }),
  ablation = () => ({ leading: 5.3, trailing: 5.5, random: 5.4 }),
  updateRank = ({ rank }) => 0.7 * rank,
  startLoss = 6,
}: MadeUp): World {
  const covered = coverageWorld(({ rank, seed }) => coverage(rank) * (1 + jitter(seed)));
  return {
    loss,
    train: (trial) => ({
      updateEffectiveRank: updateRank(trial) + jitter(trial.seed),
      ...(trial.watch && { watch: watchOf(trial, cosine, fixedLoss) }),
      ...(trial.ablate && { ablation: ablation(trial) }),
      ...(trial.observe && {
        observations: covered.train!(trial).observations!.map((one) => ({
          ...one,
          ranks: effectiveRanks(one.step, trial.seed),
        })),
      }),
    }),
    observe: (trial) => ({ ...covered.observe!(trial), evalLoss: startLoss }),
  };
}

export const madeUpResults = (madeUp: MadeUp, scale: Scale = FIVE_SEEDS): Results =>
  worldResults(madeUpWorld(madeUp), scale);

function watchOf(
  trial: TrainTrial,
  cosine: NonNullable<MadeUp['cosine']>,
  fixedLoss: NonNullable<MadeUp['fixedLoss']>,
): Watch {
  const overSteps = (kind: Cosines) => Array.from({ length: trial.steps - 1 }, () => cosine(trial, kind));
  return {
    fixedLosses: Array.from({ length: trial.steps }, (_, step) => fixedLoss(trial, step)),
    projectedFixed: overSteps('projectedFixed'),
    projectedFresh: overSteps('projectedFresh'),
    fullFixed: overSteps('fullFixed'),
    fullFresh: overSteps('fullFresh'),
  };
}
