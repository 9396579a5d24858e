/** Results made up by a formula, for tests of experiments: a world in which a claim is known to hold, or not. */
import type { Basis } from '../../record/index.ts';
import type { Results, Scale } from '../experiment.ts';
import { FULL } from '../scale.ts';
import {
  evaluationSteps,
  type LayerShape,
  OBSERVED_RANKS,
  type Observation,
  type ObserveResult,
  type ObserveTrial,
  type Setting,
  type TrainTrial,
  type TrainTrialResult,
} from '../trial.ts';

/** The bundled model: four GPT-2 blocks of 256 features. */
export const BUNDLED_SHAPES: readonly LayerShape[] = Array.from({ length: 4 }, (): LayerShape[] => [
  [256, 768],
  [256, 256],
  [256, 1024],
  [1024, 256],
]).flat();

export const SETTING: Setting = {
  name: 'pretrained',
  title: 'a made-up model',
  kind: 'pretrained',
  model: 'model',
  layerShapes: BUNDLED_SHAPES,
  data: 'data.txt',
  batchSize: 4,
  seqLen: 128,
  evalSequences: 32,
  calibrationBatches: 16,
  frameRank: 256,
};

/** The full scale, with as many seeds as tests write out. */
export const FIVE_SEEDS: Scale = { ...FULL, seeds: [0, 1, 2, 3, 4] };

/** A world: the held-out loss of a run after so many steps, and whatever else a test decides on. */
export interface World {
  /** Held-out loss after `step` updates. */
  readonly loss?: (trial: TrainTrial, step: number) => number;
  readonly train?: (trial: TrainTrial) => Partial<TrainTrialResult>;
  readonly observe?: (trial: ObserveTrial) => Partial<ObserveResult>;
  /** Held-out joint coverage of cores. */
  readonly joint?: (basis: Basis, rank: number) => number;
}

export const NO_OBSERVATION: Observation = { step: 1, points: [], ranks: { batch: 1, mean: 1, weights: 1 } };

export function worldResults(world: World, scale: Scale = FIVE_SEEDS, setting: Setting = SETTING): Results {
  const loss = world.loss ?? (() => 5);
  return {
    setting,
    scale,
    train: (trial) => ({
      parameters: trial.rank ** 2,
      losses: Array.from({ length: trial.steps }, (_, step) => loss(trial, step)),
      evalLosses: evaluationSteps(setting.kind, trial.steps).map((step) => ({
        step,
        loss: loss(trial, step),
      })),
      divergedAt: null,
      updateEffectiveRank: 1,
      updateNorm: 1,
      ...world.train?.(trial),
    }),
    joint: ({ bases }) => ({
      points: bases.flatMap((basis) =>
        OBSERVED_RANKS.map((rank) => ({
          basis,
          rank,
          inSample: 1,
          heldOut: world.joint?.(basis, rank) ?? 1,
        })),
      ),
    }),
    observe: (trial) => ({ observation: NO_OBSERVATION, evalLoss: 6, ...world.observe?.(trial) }),
  };
}
