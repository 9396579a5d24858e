/** Runs whose gradients are looked at, step by step, and the same runs with the weights standing still. */
import type { Results } from '../experiment.ts';
import type { TrainTrial, TrainTrialResult } from '../trial.ts';
import { coreArm } from '../tuning.ts';
import { closerRuns, closerTrials } from './shared.ts';

export type WatchedRun = TrainTrialResult & { readonly watch: NonNullable<TrainTrialResult['watch']> };

/** Weights that move by so little at each step that 32 bits do not tell. */
const STANDING_STILL = 1e-12;

/** CT-LoRA runs of one rank, at their tuned learning rate, and those that find it. */
export const watchedTrials = (results: Results, rank: number): TrainTrial[] =>
  closerTrials(results, coreArm('svd', rank), { watch: true });

/** The same steps, the same batches, no movement. */
export const frozenTrials = (results: Results, rank: number): TrainTrial[] =>
  closerTrials(results, coreArm('svd', rank), { watch: true }, STANDING_STILL);

/** One run per seed; undefined while one is missing. */
export const watchedRuns = (results: Results, rank: number): WatchedRun[] | undefined =>
  watched(closerRuns(results, coreArm('svd', rank), { watch: true }));

/** @see watchedRuns */
export const frozenRuns = (results: Results, rank: number): WatchedRun[] | undefined =>
  watched(closerRuns(results, coreArm('svd', rank), { watch: true }, STANDING_STILL));

const watched = (runs: TrainTrialResult[] | undefined): WatchedRun[] | undefined =>
  runs?.every(isWatched) ? runs : undefined;

/** A run that diverged at once has no two gradients to compare. */
const isWatched = (run: TrainTrialResult): run is WatchedRun =>
  run.watch !== undefined && run.watch.projectedFresh.length > 0;
