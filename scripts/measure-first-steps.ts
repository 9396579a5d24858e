/**
 * Measures what the law of the learning rate reads, for every arm of a reproduction whose best rate lies inside the
 * rates that were tried, and writes a line for each.
 *
 *     npx tsx scripts/measure-first-steps.ts RECORD OUT [MODEL DATA]
 *
 * RECORD is a folder of results/reproduction. Arms that OUT has are left as they are. The bundled model is measured
 * where MODEL and DATA are not given. The first seed's frames and start are used, as the rates were tuned on it.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { needsFrame, trainedArrays } from '../src/adapters/index.ts';
import { prepareSetting } from '../src/experiments/settings.ts';
import { startAdapter } from '../src/experiments/train-trial.ts';
import { openWorkbench, trialRng } from '../src/experiments/workbench.ts';
import { defaultCacheFolder } from '../src/models/index.ts';
import { roundNumbers } from '../src/record/index.ts';
import { loadAdapterGradients } from '../src/training/index.ts';
import { FIRST_STEP_BATCHES, measureFirstStep } from '../src/training/learning-rate/first-step.ts';
import { readTunedArms } from './support/tuned-arms.ts';

const [record, out, modelPath, dataPath] = process.argv.slice(2);
if (record === undefined || out === undefined)
  throw new Error('usage: measure-first-steps.ts RECORD OUT [MODEL DATA]');
const asset = (path: string) => fileURLToPath(new URL(`../assets/${path}`, import.meta.url));
const kind = modelPath === undefined ? 'pretrained' : 'real';
const arms = readTunedArms(join(record, 'trials.jsonl'), 40)
  .filter(({ setting }) => setting === kind)
  .map(({ arm }) => arm);
const known = existsSync(out) ? readFileSync(out, 'utf8').trim().split('\n') : [];
const done = new Set(known.map((line) => JSON.stringify(JSON.parse(line).arm)));

const cacheFolder = defaultCacheFolder();
const prepared = await prepareSetting({
  kind,
  model: modelPath ?? asset('model'),
  data: dataPath ?? asset('text/moby-dick.txt'),
  quick: false,
  cacheFolder,
});
const { setting, contents, identity } = prepared;
const bench = await openWorkbench(setting, { contents, identity, cacheFolder, threads: 1 });
const needed = arms.filter(({ family, basis }) => basis !== null && needsFrame(family, basis));
await bench.prepareFrames([...new Set(needed.map(({ basis }) => basis!))], 0);
for (const arm of arms.filter((one) => !done.has(JSON.stringify(one)))) {
  const layers = await startAdapter(bench, {
    ...arm,
    kind: 'train',
    setting: kind,
    learningRate: 1,
    steps: 1,
    seed: 0,
  });
  const { batchSize, seqLen } = setting;
  const program = await loadAdapterGradients(bench.engine, bench.model, layers, {
    batchSize,
    seqLen,
    dropout: 0,
  });
  const rng = trialRng(0, 'dropout');
  const began = performance.now();
  const batches = bench.observedBatches(0).slice(0, FIRST_STEP_BATCHES);
  const first = await measureFirstStep(trainedArrays({ layers }), batches, (batch) =>
    program.run(batch, rng),
  );
  await program.release();
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  appendFileSync(out, `${JSON.stringify(roundNumbers({ arm, ...first }, 7))}\n`);
  process.stdout.write(`${JSON.stringify(arm)} ${first.step} in ${seconds} s\n`);
}
await bench.close();
