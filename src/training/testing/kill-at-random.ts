/** Kills training runs at random moments, resumes each, and compares with a run that was left alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openModel } from '../../models/index.ts';
import type { Rng } from '../../numeric/index.ts';
import { readTrainMetrics } from '../../record/index.ts';
import { trainedArrays } from '../adapters/adapter.ts';
import { loadAdapter } from '../adapters/adapter-files.ts';
import { train } from '../train.ts';
import type { TrainOptions } from '../train-options.ts';
import { type Moment, readEverything, runAndKill } from './killed-run.ts';

export interface KillPlan {
  /** An existing folder for the runs. */
  readonly base: string;
  readonly modelPath: string;
  readonly dataPath: string;
  readonly moments: number;
  readonly rng: Rng;
  readonly onMoment?: (index: number, moment: Moment, killed: boolean, same: boolean) => void;
}

export interface KillOutcome {
  /** Runs that were still going when they were killed. */
  readonly killed: number;
  /** Moments whose resumed runs ended with other numbers. */
  readonly differing: readonly Moment[];
}

// A checkpoint at every step: most of the time goes into writing files, where a kill would hurt.
const SETTINGS = {
  rank: 4,
  steps: 25,
  batchSize: 1,
  seqLen: 16,
  checkpointEvery: 1,
  dropout: 0.1,
  seed: 2,
  coverageEvery: 10,
};

/** About a step of these runs, with its checkpoint. */
const STEP_MS = 60;

/** @throws when a killed run leaves a file that cannot be read. */
export async function killAtRandomMoments(plan: KillPlan): Promise<KillOutcome> {
  const { base, modelPath, dataPath, moments, rng } = plan;
  const cacheFolder = join(base, 'cache');
  const model = await openModel(modelPath, { cacheFolder });
  const optionsIn = (directory: string): TrainOptions => ({ ...SETTINGS, directory });
  const results = async (folder: string) => ({
    metrics: readTrainMetrics(folder).map(({ tokensPerSecond: _, ...rest }) => rest),
    numbers: Object.entries(trainedArrays(await loadAdapter(folder, model))).map(([name, x]) => [
      name,
      [...x],
    ]),
  });
  const whole = mkdtempSync(join(base, 'whole-'));
  await train(model, dataPath, optionsIn(whole));
  const expected = JSON.stringify(await results(whole));
  const differing: Moment[] = [];
  let killed = 0;
  for (let index = 0; index < moments; index++) {
    const moment = { steps: rng.integer(SETTINGS.steps), delay: rng.uniform() * STEP_MS };
    const folder = mkdtempSync(join(base, 'run-'));
    const job = { modelPath, cacheFolder, dataPath, options: optionsIn(folder) };
    const wasRunning = await runAndKill(job, moment);
    if (wasRunning) killed++;
    await readEverything(folder);
    await train(model, dataPath, { ...optionsIn(folder), resume: true });
    const same = JSON.stringify(await results(folder)) === expected;
    if (!same) differing.push(moment);
    plan.onMoment?.(index, moment, wasRunning, same);
    rmSync(folder, { recursive: true });
  }
  return { killed, differing };
}
