/**
 * Tunes the learning rate of a few arms of the bundled model under other conditions than those of its reproduction, which
 * has batches of four sequences at a constant rate: what the law of the learning rate makes of batch size and schedule.
 *
 *     npx tsx scripts/tune-conditions.ts OUT
 *
 * Every line is a trial of 40 steps with the condition that it ran under, or the first step of an arm under it. A run
 * goes on with what OUT has. Rates are powers of two times 0.01, from the one that was best at batches of four
 * outwards, until the best has two neighbours. About 15 minutes on one core.
 */

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { trainedArrays } from '../src/adapters/index.ts';
import type { TrainTrial, TrialRecord } from '../src/experiments/index.ts';
import { type PreparedSetting, prepareSetting } from '../src/experiments/settings.ts';
import { runTrainTrial, startAdapter } from '../src/experiments/train-trial.ts';
import { openWorkbench, trialRng, type Workbench } from '../src/experiments/workbench.ts';
import { defaultCacheFolder } from '../src/models/index.ts';
import { roundNumbers } from '../src/record/index.ts';
import { loadAdapterGradients } from '../src/training/index.ts';
import { FIRST_STEP_BATCHES, measureFirstStep } from '../src/training/learning-rate/first-step.ts';
import { type ArmKey, readTunedArms } from './support/tuned-arms.ts';

const ARMS: readonly ArmKey[] = [
  { family: 'core', basis: 'svd', rank: 16, layers: '*' },
  { family: 'core', basis: 'natural', rank: 16, layers: '*' },
  { family: 'core', basis: 'gradient', rank: 64, layers: '*' },
  { family: 'right', basis: 'svd', rank: 9, layers: '*' },
  { family: 'factors', basis: 'random', rank: 4, layers: '*' },
];

/** Frames are made from as many tokens at every batch size. */
const CONDITIONS = [
  { name: 'cosine', batchSize: 4, calibrationBatches: 16, schedule: 'cosine' },
  { name: 'batches of 1', batchSize: 1, calibrationBatches: 64, schedule: 'constant' },
  { name: 'batches of 8', batchSize: 8, calibrationBatches: 8, schedule: 'constant' },
] as const;

interface Line {
  readonly condition: string;
  readonly trial?: TrainTrial;
  readonly arm?: ArmKey;
}

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: tune-conditions.ts OUT');
const asset = (path: string) => fileURLToPath(new URL(`../assets/${path}`, import.meta.url));
const read = () =>
  existsSync(out)
    ? readFileSync(out, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line & TrialRecord)
    : [];
const write = (line: object) => appendFileSync(out, `${JSON.stringify(line)}\n`);
const cacheFolder = defaultCacheFolder();
const tuned = readTunedArms('results/reproduction/bundled/trials.jsonl', 40);
const prepared = await prepareSetting({
  kind: 'pretrained',
  model: asset('model'),
  data: asset('text/moby-dick.txt'),
  quick: false,
  cacheFolder,
});

for (const { name, schedule, ...sizes } of CONDITIONS) {
  const bench = await open(prepared, sizes);
  for (const arm of ARMS) {
    const before = tuned.find(
      (one) => one.setting === 'pretrained' && JSON.stringify(one.arm) === JSON.stringify(arm),
    )!;
    await tune(bench, name, { ...arm, schedule }, Math.round(before.best - Math.log2(0.01)));
    if (schedule === 'constant') await firstStep(bench, name, arm);
  }
  await bench.close();
}

function open({ setting, contents, identity }: PreparedSetting, sizes: object): Promise<Workbench> {
  return openWorkbench({ ...setting, ...sizes }, { contents, identity, cacheFolder, threads: 1 });
}

/** Tries 0.01 · 2ⁿ from the middle outwards. */
async function tune(
  bench: Workbench,
  condition: string,
  arm: ArmKey & Pick<TrainTrial, 'schedule'>,
  middle: number,
) {
  const losses = new Map<number, number>();
  const at = async (power: number): Promise<number> => {
    const rate = Number((0.01 * 2 ** power).toPrecision(6));
    const trial: TrainTrial = {
      kind: 'train',
      setting: 'pretrained',
      ...arm,
      learningRate: rate,
      steps: 40,
      seed: 0,
    };
    const made = read().find(
      (line) => line.condition === condition && JSON.stringify(line.trial) === JSON.stringify(trial),
    );
    const began = performance.now();
    const result = (made?.result ?? (await runTrainTrial(bench, trial))) as Awaited<
      ReturnType<typeof runTrainTrial>
    >;
    const loss = result.evalLosses.find(({ step }) => step === 40)?.loss ?? Number.POSITIVE_INFINITY;
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    if (made === undefined) write({ condition, trial, result: { ...result, losses: [] }, seconds });
    process.stdout.write(
      `${condition} ${arm.family} ${arm.basis} ${arm.rank} ${rate}: ${loss} in ${seconds} s\n`,
    );
    losses.set(power, loss);
    return loss;
  };
  for (const power of [middle, middle + 1, middle - 1]) await at(power);
  for (;;) {
    const [best] = [...losses].reduce((least, one) => (one[1] < least[1] ? one : least));
    if (!losses.has(best + 1)) await at(best + 1);
    else if (!losses.has(best - 1)) await at(best - 1);
    else return;
  }
}

async function firstStep(bench: Workbench, condition: string, arm: ArmKey) {
  if (read().some((line) => line.condition === condition && JSON.stringify(line.arm) === JSON.stringify(arm)))
    return;
  const trial = { ...arm, kind: 'train', setting: 'pretrained', learningRate: 1, steps: 1, seed: 0 } as const;
  const layers = await startAdapter(bench, trial);
  const { batchSize, seqLen } = bench.setting;
  const program = await loadAdapterGradients(bench.engine, bench.model, layers, {
    batchSize,
    seqLen,
    dropout: 0,
  });
  const rng = trialRng(0, 'dropout');
  const batches = bench.observedBatches(0).slice(0, FIRST_STEP_BATCHES);
  const first = await measureFirstStep(trainedArrays({ layers }), batches, (batch) =>
    program.run(batch, rng),
  );
  await program.release();
  write(roundNumbers({ condition, arm, ...first }, 7));
}
