/** Coverage of every basis at the start, on batches that made none of the frames. */

import type { Basis, Family } from '../../record/index.ts';
import { allThere } from '../all-there.ts';
import type { Results } from '../experiment.ts';
import type { CoveragePoint, JointTrial, ObserveTrial } from '../trial.ts';

/** Bases that are observed at the start: one list, so that every experiment shares the same trials. */
export const START_BASES: readonly Basis[] = [
  'svd',
  'svd-minor',
  'random',
  'gradient',
  'natural',
  'activation',
];

/** Which point of an observation; `core` and all layers where nothing else is said. */
export interface PointQuery {
  readonly basis: Basis;
  readonly rank: number;
  readonly family?: Family;
  readonly group?: string;
}

/** One observation per seed. */
export const startTrials = ({ setting, scale }: Results): ObserveTrial[] =>
  scale.seeds.map((seed) => ({ kind: 'observe', setting: setting.name, bases: START_BASES, seed }));

/** Of the bases of the grid; one trial per seed. */
export const jointTrials = ({ setting, scale }: Results, bases: readonly Basis[]): JointTrial[] =>
  scale.seeds.map((seed) => ({ kind: 'joint', setting: setting.name, bases, seed }));

/** The point that is asked for, one per seed; undefined while a trial is missing or the rank is too wide. */
export function startPoints(results: Results, query: PointQuery): CoveragePoint[] | undefined {
  const { basis, rank, family = 'core', group = 'all' } = query;
  const points = startTrials(results).map((trial) =>
    results
      .observe(trial)
      ?.observation.points.find(
        (one) => one.basis === basis && one.rank === rank && one.family === family && one.group === group,
      ),
  );
  return allThere(points);
}

/** Held-out loss before any training, nats per token, one per seed; undefined while a trial is missing. */
export function startLosses(results: Results): number[] | undefined {
  const losses = startTrials(results).map((trial) => results.observe(trial)?.evalLoss);
  return allThere(losses);
}

/** Coverage of uniformly random frames, by the exact null: for `core`, K/√(mn) with layers weighed by energy. */
export const nullCoverage = ({ energy, gain }: Pick<CoveragePoint, 'energy' | 'gain'>): number =>
  Math.sqrt(energy / gain);
