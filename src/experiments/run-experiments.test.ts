import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Experiment } from './experiment.ts';
import { forecaster } from './forecast.ts';
import type { Executor, Job, JobContext } from './job.ts';
import { SETTING, worldResults } from './made-up/world.ts';
import type { PlannedSetting } from './plan.ts';
import { runExperiments } from './run-experiments.ts';
import { FULL } from './scale.ts';
import type { TrainTrial, TrainTrialResult, Trial } from './trial.ts';
import { openTrialStore } from './trial-store.ts';
import { bestLearningRate, coreArm, tunedTrials } from './tuning.ts';

const setting: PlannedSetting = { setting: SETTING, scale: { ...FULL, seeds: [0, 1] } };
const context: JobContext = {
  settings: [SETTING],
  contents: { pretrained: ['model', 'text'] },
  identities: { pretrained: { config: {}, tokensSha256: '' } },
  cacheFolder: '/nowhere',
  threads: 1,
};

function experiment(name: string, trials: Experiment['trials']): Experiment {
  return {
    name,
    title: name,
    question: '',
    method: '',
    settings: ['pretrained'],
    trials,
    claims: [],
    tables: () => [],
    figures: () => [],
    notes: () => [],
  };
}

const plain = (change: Partial<TrainTrial> = {}): TrainTrial => ({
  kind: 'train',
  setting: 'pretrained',
  family: 'full',
  basis: null,
  rank: 1,
  layers: '*',
  learningRate: 0.01,
  steps: 40,
  seed: 0,
  ...change,
});

/** Does trials by a formula, and notes which. */
function madeUpExecutor(loss: (trial: TrainTrial) => number = () => 5, slots = 2) {
  const done: Trial[] = [];
  const executor: Executor = {
    slots,
    run: async (job: Job) => {
      if (job.kind === 'frames') return null;
      if (job.trial.kind !== 'train') throw new Error('not made up');
      const value = loss(job.trial);
      if (Number.isNaN(value)) throw new Error('out of luck');
      done.push(job.trial);
      return worldResults({ loss: () => value }).train(job.trial) as TrainTrialResult;
    },
    close: async () => {},
  };
  return { executor, done };
}

/** Names of the trials in a store, in its order. */
const ids = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).id as string);

/** A run with a store of its own, as another process would open it. */
const run = (directory: string, experiments: readonly Experiment[], executor: Executor) =>
  runExperiments({ experiments, settings: [setting], context, store: openTrialStore(directory), executor });

const folder = () => mkdtempSync(join(tmpdir(), 'rankscope-test-'));

describe('the runner', () => {
  it('runs what several experiments ask for once, and nothing that is there already', async () => {
    const directory = folder();
    const experiments = [
      experiment('a', () => [plain(), plain({ seed: 1 })]),
      experiment('b', () => [plain({ seed: 1 }), plain({ seed: 2 })]),
    ];
    const first = madeUpExecutor();
    await run(directory, experiments, first.executor);
    expect(first.done.map(({ seed }) => seed).sort()).toEqual([0, 1, 2]);
    const second = madeUpExecutor();
    await run(directory, experiments, second.executor);
    expect(second.done).toEqual([]);
  });

  it('lets one long run serve every shorter budget', async () => {
    const { executor, done } = madeUpExecutor();
    const seen: (number | undefined)[] = [];
    const experiments = [
      experiment('short', (results) => {
        seen.push(results.train(plain())?.evalLosses.find(({ step }) => step === 40)?.loss);
        return [plain()];
      }),
      experiment('long', () => [plain({ steps: 400 })]),
    ];
    const store = openTrialStore(folder());
    await runExperiments({ experiments, settings: [setting], context, store, executor });
    expect(done).toEqual([plain({ steps: 400 })]);
    expect(seen.at(-1)).toBe(5);
  });

  it('goes on asking until a tuned arm has all its seeds, beyond the edge of the grid', async () => {
    const arm = { ...coreArm('svd', 8), family: 'full' as const, basis: null };
    const { executor, done } = madeUpExecutor(({ learningRate }) => 5 + Math.log(learningRate / 0.08) ** 2);
    const experiments = [experiment('tuned', (results) => tunedTrials(results, arm, 40))];
    const store = openTrialStore(folder());
    await runExperiments({ experiments, settings: [setting], context, store, executor });
    const rates = (seed: number) =>
      done.flatMap((trial) => (trial.seed === seed ? [(trial as TrainTrial).learningRate] : []));
    expect(rates(0)).toEqual([0.01, 0.02, 0.04, 0.08, 0.16]);
    expect(rates(1)).toEqual([0.08]);
    const results = worldResults({ loss: ({ learningRate }) => 5 + Math.log(learningRate / 0.08) ** 2 });
    expect(bestLearningRate(results, arm, 40)).toBe(0.08);
  });

  it('does not ask again for frames that did not come of it', async () => {
    const { executor, done } = madeUpExecutor();
    const experiments = [experiment('framed', () => [plain({ ...coreArm('random', 8), seed: 2 })])];
    const store = openTrialStore(folder());
    await runExperiments({ experiments, settings: [setting], context, store, executor });
    expect(done).toHaveLength(1);
  });

  it('begins the search of cores at one product of learning rate and K', () => {
    const loss = ({ learningRate, rank }: TrainTrial) => 5 + Math.log((learningRate * rank) / 0.32) ** 2;
    const searched = (rank: number) =>
      tunedTrials(worldResults({ loss }), coreArm('svd', rank), 40)
        .filter(({ seed }) => seed === 0)
        .map(({ learningRate }) => learningRate);
    expect(searched(4)).toEqual([0.04, 0.08, 0.16]);
    expect(searched(16)).toEqual([0.01, 0.02, 0.04]);
    expect(searched(64)).toEqual([0.0025, 0.005, 0.01]);
  });

  it('begins the search of a long run a step below where the short one of the arm was best', async () => {
    const arm = { ...coreArm('svd', 8), family: 'full' as const, basis: null };
    const loss = ({ steps, learningRate }: TrainTrial) =>
      5 + Math.log(learningRate / (steps > 40 ? 0.02 : 0.08)) ** 2;
    const { executor, done } = madeUpExecutor(loss);
    const experiments = [experiment('long', (results) => tunedTrials(results, arm, 400))];
    const store = openTrialStore(folder());
    await runExperiments({ experiments, settings: [setting], context, store, executor });
    const rates = (steps: number) =>
      done.flatMap((trial) => {
        const run = trial as TrainTrial;
        return run.kind === 'train' && run.steps === steps && run.seed === 0 ? [run.learningRate] : [];
      });
    expect(rates(40)).toEqual([0.01, 0.02, 0.04, 0.08, 0.16]);
    expect(rates(400)).toEqual([0.02, 0.04, 0.08, 0.01]);
    expect(bestLearningRate(worldResults({ loss }), arm, 400)).toBe(0.02);
  });

  it('foresees what is left from what is finished, wherever the learning rates went', async () => {
    const arm = { ...coreArm('svd', 8), family: 'full' as const, basis: null };
    const { executor } = madeUpExecutor(({ learningRate }) => 5 + Math.log(learningRate / 0.08) ** 2);
    const experiments = [experiment('tuned', (results) => tunedTrials(results, arm, 40))];
    const store = openTrialStore(folder());
    const ahead = (planned = setting) =>
      forecaster(experiments, [planned], context)(store.finished).map(({ trial }) => trial);
    expect(ahead()).toHaveLength(4);
    await runExperiments({ experiments, settings: [setting], context, store, executor });
    expect(ahead()).toEqual([]);
    const withMoreSeeds = { ...setting, scale: { ...setting.scale, seeds: [0, 1, 2] } };
    expect(ahead(withMoreSeeds)).toEqual([{ ...plain(arm), learningRate: 0.08, seed: 2 }]);
  });

  it('names a trial that fails, goes on with the others, and tries it again in the next run', async () => {
    const directory = folder();
    const experiments = [experiment('a', () => [plain(), plain({ seed: 1 })])];
    const broken = madeUpExecutor(({ seed }) => (seed === 0 ? Number.NaN : 5));
    const { failed } = await run(directory, experiments, broken.executor);
    expect(failed.map(({ trial, error }) => [trial.seed, error])).toEqual([[0, 'out of luck']]);
    expect(broken.done.map(({ seed }) => seed)).toEqual([1]);
    const mended = madeUpExecutor();
    expect((await run(directory, experiments, mended.executor)).failed).toEqual([]);
    expect(mended.done.map(({ seed }) => seed)).toEqual([0]);
  });

  it('runs a trial again whose line was cut off, and keeps those before it', async () => {
    const directory = folder();
    const experiments = [experiment('a', () => [plain(), plain({ seed: 1 })])];
    await run(directory, experiments, madeUpExecutor(() => 5, 1).executor);
    const path = join(directory, 'trials.jsonl');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.slice(0, -40));
    const again = madeUpExecutor();
    await run(directory, experiments, again.executor);
    expect(again.done.map(({ seed }) => seed)).toEqual([1]);
    expect(ids(readFileSync(path, 'utf8'))).toEqual(ids(text));
  });

  it('refuses a store with a line that is no trial', () => {
    const directory = folder();
    writeFileSync(join(directory, 'trials.jsonl'), 'not a trial\n');
    expect(() => openTrialStore(directory)).toThrow(/line 1 of .* is not a trial/);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const { executor, done } = madeUpExecutor(() => {
      stop.abort();
      return 5;
    }, 1);
    const experiments = [experiment('a', () => [plain(), plain({ seed: 1 }), plain({ seed: 2 })])];
    const store = openTrialStore(folder());
    await runExperiments({ experiments, settings: [setting], context, store, executor, signal: stop.signal });
    expect(done).toHaveLength(1);
  });
});
