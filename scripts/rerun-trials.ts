/**
 * Runs trials of a reproduction on the bundled model again, and says how far their losses are from those on record.
 *
 *     npx tsx scripts/rerun-trials.ts results/reproduction/bundled [COUNT [SEED [MOST_SECONDS]]]
 *
 * The trials are drawn at random among the trainings that ended and took at most MOST_SECONDS (60) the first time. Exits
 * with 1 when a loss differs by more than 1e-5 of itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createJobRunner } from '../src/experiments/run-job.ts';
import { prepareSetting } from '../src/experiments/settings.ts';
import type { TrainTrialResult } from '../src/experiments/trial.ts';
import { openTrialStore } from '../src/experiments/trial-store.ts';
import { createRng, shuffle } from '../src/numeric/index.ts';

const BAR = 1e-5;
const [folder, countText = '20', seedText = '0', mostText = '60'] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: rerun-trials.ts FOLDER [COUNT [SEED [MOST_SECONDS]]]');

const asset = (path: string) => fileURLToPath(new URL(`../assets/${path}`, import.meta.url));
const cacheFolder = mkdtempSync(join(tmpdir(), 'rerun-'));
const prepared = await Promise.all(
  (['random-start', 'pretrained'] as const).map((kind) =>
    prepareSetting({
      kind,
      model: asset('model'),
      data: asset('text/moby-dick.txt'),
      quick: false,
      cacheFolder,
    }),
  ),
);
const byName = <T>(read: (one: (typeof prepared)[number]) => T) =>
  Object.fromEntries(prepared.map((one) => [one.setting.name, read(one)]));
const context = {
  settings: prepared.map(({ setting }) => setting),
  contents: byName(({ contents }) => contents),
  identities: byName(({ identity }) => identity),
  cacheFolder,
  threads: 1,
};

const ended = [...openTrialStore(folder).finished.values()].filter(
  ({ trial, seconds }) => trial.kind === 'train' && seconds <= Number(mostText),
);
const drawn = shuffle(ended, createRng(Number(seedText))).slice(0, Number(countText));
let worst = 0;
const work = async () => {
  const runner = createJobRunner(context);
  for (let record = drawn.shift(); record !== undefined; record = drawn.shift()) {
    const { trial } = record;
    const [before, after] = [record.result, await runner.run({ kind: 'trial', trial })] as TrainTrialResult[];
    const losses = ({ losses, evalLosses }: TrainTrialResult) => [
      ...losses,
      ...evalLosses.map(({ loss }) => loss),
    ];
    const [old, now] = [losses(before!), losses(after!)];
    const apart =
      old.length === now.length ? Math.max(0, ...old.map((x, i) => Math.abs(now[i]! / x - 1))) : Infinity;
    worst = Math.max(worst, apart);
    console.log(
      `${record.id} ${describe(trial)}: ${old.length} losses, at most ${apart.toExponential(1)} apart`,
    );
  }
  await runner.close();
};
const describe = (trial: (typeof ended)[number]['trial']) =>
  trial.kind === 'train'
    ? `${trial.setting} ${trial.family} ${trial.basis ?? ''} K=${trial.rank ?? '–'} ${trial.steps} steps`
    : trial.kind;
await Promise.all(Array.from({ length: availableParallelism() }, work));
rmSync(cacheFolder, { recursive: true });
console.log(`largest difference: ${worst.toExponential(1)}`);
if (worst > BAR) process.exitCode = 1;
