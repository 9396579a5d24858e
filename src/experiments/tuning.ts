/** Arms of a comparison, each at its own best learning rate. */
import { allThere } from './all-there.ts';
import type { Results, Scale } from './experiment.ts';
import type { TrainTrial, TrainTrialResult } from './trial.ts';

/** What is compared: a training run but for its learning rate, length and seed. */
export type Arm = Omit<TrainTrial, 'kind' | 'setting' | 'learningRate' | 'steps' | 'seed'>;

/** A CT-LoRA arm on all layers. */
export const coreArm = (basis: NonNullable<Arm['basis']>, rank: number): Arm => ({
  family: 'core',
  basis,
  rank,
  layers: '*',
});

/** How far beyond the grid the search may go, on either side, in grid steps. */
const REACH = 5;

/** Lengths of runs; a budget is served by the shortest that holds it. */
const LENGTHS = [40, 100, 400];

/** The run of an arm that serves a budget of steps. */
export function armTrial(
  { setting, scale }: Results,
  arm: Arm,
  budget: number,
  learningRate: number,
  seed: number,
): TrainTrial {
  const longest = budget > scale.shortSteps ? scale.longSteps : scale.shortSteps;
  const steps = Math.min(LENGTHS.find((length) => length >= budget) ?? budget, longest);
  return { kind: 'train', setting: setting.name, ...arm, learningRate, steps, seed };
}

/**
 * The runs that an arm needs for a fair loss after `budget` steps: the first seed over the shared grid of learning
 * rates, which goes on by its own factor while the best lies at its edge; then every seed at the best.
 */
export function tunedTrials(results: Results, arm: Arm, budget: number): TrainTrial[] {
  const { tried, best } = search(results, arm, budget);
  if (best === undefined) return tried;
  const others = results.scale.seeds.slice(1);
  return [...tried, ...others.map((seed) => armTrial(results, arm, budget, best, seed))];
}

/** The runs of the first seed that find an arm's learning rate. */
export const searchTrials = (results: Results, arm: Arm, budget: number): TrainTrial[] =>
  search(results, arm, budget).tried;

/** The learning rate with the least held-out loss after `budget` steps; undefined while the search goes on. */
export function bestLearningRate(results: Results, arm: Arm, budget: number): number | undefined {
  return search(results, arm, budget).best;
}

/** The runs of all seeds at the best learning rate, in the order of the seeds; undefined while one is missing. */
export function tunedRuns(results: Results, arm: Arm, budget: number): TrainTrialResult[] | undefined {
  const best = bestLearningRate(results, arm, budget);
  if (best === undefined) return undefined;
  const runs = results.scale.seeds.map((seed) => results.train(armTrial(results, arm, budget, best, seed)));
  return allThere(runs);
}

/** Held-out losses of {@link tunedRuns} after `budget` steps, nats per token. */
export function tunedLosses(results: Results, arm: Arm, budget: number): number[] | undefined {
  return tunedRuns(results, arm, budget)?.map((run) => lossAfter(run, budget));
}

/** Held-out loss after so many steps; of a run that diverged before, what an untrained model is far below. */
export function lossAfter({ evalLosses }: TrainTrialResult, step: number): number {
  return evalLosses.find((one) => one.step === step)?.loss ?? DIVERGED;
}

/** Stands for the loss of a run that diverged: above any that a model of words has. */
const DIVERGED = 1e3;

interface Search {
  /** Runs that it asks for, whether they are there or not. */
  readonly tried: TrainTrial[];
  /** Undefined while runs are missing. */
  readonly best: number | undefined;
}

function search(results: Results, arm: Arm, budget: number): Search {
  const { learningRates, shortSteps, quick } = results.scale;
  if (budget <= shortSteps || quick) return searchFrom(results, arm, budget, startRates(results.scale, arm));
  // Long runs cost most. Theirs begins where the short one ended, and a step lower, for they want less.
  const short = search(results, arm, shortSteps);
  if (short.best === undefined) return short;
  const factor = factorOf(learningRates);
  const start = [short.best / factor ** 2, short.best / factor, short.best].map(round);
  const { tried, best } = searchFrom(results, arm, budget, start);
  return { tried: [...short.tried, ...tried], best };
}

/**
 * Learning rates that the search of a short run begins with. Adam moves each entry of a core by about the learning
 * rate, and so the core by that times K: cores of all K begin at the same product.
 */
export function startRates({ learningRates, coreRank }: Scale, { family, rank }: Arm): readonly number[] {
  return family === 'core' ? learningRates.map((rate) => round((rate * coreRank) / rank)) : learningRates;
}

function searchFrom(results: Results, arm: Arm, budget: number, start: readonly number[]): Search {
  const { seeds, learningRates, quick } = results.scale;
  const factor = factorOf(learningRates);
  const rates = [...start];
  for (let extended = 0; ; extended++) {
    const tried = rates.map((rate) => armTrial(results, arm, budget, rate, seeds[0]!));
    const losses = tried.map((trial) => {
      const run = results.train(trial);
      return run && lossAfter(run, budget);
    });
    if (losses.some((value) => value === undefined)) return { tried, best: undefined };
    const at = losses.indexOf(Math.min(...(losses as number[])));
    const best = rates[at]!;
    if (quick || extended >= REACH) return { tried, best };
    if (at === 0) rates.unshift(round(best / factor));
    else if (at === rates.length - 1) rates.push(round(best * factor));
    else return { tried, best };
  }
}

const factorOf = ([first, second]: readonly number[]): number => (second === undefined ? 2 : second / first!);

/** Two learning rates that are equal on paper must be one number, for they name trials. */
const round = (rate: number): number => Number(rate.toPrecision(6));
