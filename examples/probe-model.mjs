/**
 * Measures the bundled model on the bundled text, and prints what each basis gains at rank 16.
 *
 * Run `npm ci`, then `node examples/probe-model.mjs`. With a model and a text of your own:
 * `node examples/probe-model.mjs ./my-model notes.txt`.
 */
import { fileURLToPath } from 'node:url';
import { openModel, probe } from 'rankscope';

const bundled = (path) => fileURLToPath(new URL(`../assets/${path}`, import.meta.url));
const [modelPath = bundled('model'), textPath = bundled('text/moby-dick.txt')] = process.argv.slice(2);

const model = await openModel(modelPath);
const { record } = await probe(model, textPath, {
  bases: ['svd', 'random', 'gradient'],
  families: ['core'],
  ranks: [16],
  batches: 4,
  calibrationBatches: 4,
  seqLen: 64,
  natural: false,
});

console.log(`${record.model.name}: loss ${record.measured.loss.mean.toFixed(3)} nats per token`);
console.log('gain over random frames at rank 16, core adapters:');
for (const { basis, families } of record.global.bases) {
  const { gain, coverage } = families[0].points[0];
  console.log(
    `  ${basis.padEnd(9)} ${gain.mean.toFixed(2).padStart(7)}   coverage ${coverage.mean.toFixed(4)}`,
  );
}
