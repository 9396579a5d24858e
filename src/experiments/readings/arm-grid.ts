/** The grid of CT-LoRA arms that the experiments of our own share, and what was measured of each arm. */

import type { Basis, Family } from '../../record/index.ts';
import { allThere } from '../all-there.ts';
import type { Results } from '../experiment.ts';
import {
  type CoveragePoint,
  type JointTrial,
  OBSERVED_RANKS,
  type TrainTrial,
  type TrainTrialResult,
} from '../trial.ts';
import { type Arm, coreArm, lossAfter, tunedRuns, tunedTrials } from '../tuning.ts';
import { sourceRanks } from './source-ranks.ts';
import { jointTrials, startPoints } from './start-points.ts';

/** Bases of the grid: the weights', a random one, and two that are made from gradients. */
export const GRID_BASES: readonly Basis[] = ['svd', 'random', 'gradient', 'natural'];

/** Layers of a group, in the words of the declared trials, by which they are known; a test holds them against roles. */
export const GROUP_LAYERS = { all: '*', attention: '*attn*', mlp: '*mlp*' } as const;
export type LayerGroup = keyof typeof GROUP_LAYERS;

/** A model of real size is run on fewer arms. */
export const isReal = ({ setting }: Pick<Results, 'setting'>): boolean => setting.kind === 'real';

/** The largest rank, its quarter and the quarter of that, ascending, none below what is observed. */
export function gridRanks({ scale }: Pick<Results, 'scale'>): number[] {
  const { largest, quarter } = sourceRanks(scale);
  return [Math.max(quarter / 4, OBSERVED_RANKS[0]!), quarter, largest];
}

/** Plain LoRA: Gaussian A, zero B, both trained. */
export const plainLora = (rank: number): Arm => ({ family: 'factors', basis: 'random', rank, layers: '*' });

/** An arm of the grid. */
export interface GridArm {
  readonly family: Family;
  readonly basis: Basis;
  readonly rank: number;
  readonly group: LayerGroup;
}

export const toArm = ({ family, basis, rank, group }: GridArm): Arm =>
  family === 'core' && group === 'all'
    ? coreArm(basis, rank)
    : { family, basis, rank, layers: GROUP_LAYERS[group] };

/** What is known of an arm: one entry per seed everywhere. */
export interface MeasuredArm extends GridArm {
  /** At the start, from frames of the same seed. */
  readonly points: readonly CoveragePoint[];
  /** Held-out joint coverage at the start; null for arms that are no cores on all layers, or wider than was measured. */
  readonly joint: readonly (number | null)[];
  /** At the tuned learning rate. */
  readonly runs: readonly TrainTrialResult[];
  /** Held-out, after the budget, nats per token. */
  readonly losses: readonly number[];
}

export const gridTrials = (results: Results, arms: readonly GridArm[], budget: number): TrainTrial[] =>
  arms.flatMap((arm) => tunedTrials(results, toArm(arm), budget));

/** Undefined while a trial is missing. */
export function measuredArms(
  results: Results,
  arms: readonly GridArm[],
  budget: number,
): MeasuredArm[] | undefined {
  const measured = arms.map((arm): MeasuredArm | undefined => {
    const points = startPoints(results, arm);
    const runs = tunedRuns(results, toArm(arm), budget);
    if (points === undefined || runs === undefined) return undefined;
    return {
      ...arm,
      points,
      joint: jointOf(results, arm),
      runs,
      losses: runs.map((run) => lossAfter(run, budget)),
    };
  });
  return allThere(measured);
}

/** The trials of {@link MeasuredArm.joint}. */
export const gridJointTrials = (results: Results): JointTrial[] => jointTrials(results, GRID_BASES);

function jointOf(results: Results, { family, basis, rank, group }: GridArm): (number | null)[] {
  return gridJointTrials(results).map((trial) => {
    if (family !== 'core' || group !== 'all') return null;
    const points = results.joint(trial)?.points ?? [];
    return points.find((point) => point.basis === basis && point.rank === rank)?.heldOut ?? null;
  });
}

/** Cores of every layer over bases and ranks. */
export const coreGrid = (bases: readonly Basis[], ranks: readonly number[]): GridArm[] =>
  bases.flatMap((basis) => ranks.map((rank) => ({ family: 'core', basis, rank, group: 'all' }) as const));
