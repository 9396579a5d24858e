/**
 * Trains a core adapter of the bundled model on the first half of the bundled novel, writes it as PEFT loads it, and
 * reads it back to measure what it did to the loss on the novel's last pages.
 *
 * Run `npm ci`, then `node examples/train-export.mjs`. The adapter is written to a new folder, which is named at the
 * end.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  adaptedModel,
  exportPeft,
  loadAdapter,
  lowRankUpdates,
  makeSequences,
  meanLoss,
  openModel,
  sequenceLosses,
  train,
} from 'rankscope';
import { createOnnxEngine } from 'rankscope/graph';

const SEQ_LEN = 64;
const bundled = (path) => fileURLToPath(new URL(`../assets/${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rankscope-train-'));
const novel = readFileSync(bundled('text/moby-dick.txt'), 'utf8');
const textPath = join(folder, 'text.txt');
writeFileSync(textPath, novel.slice(0, novel.length / 2));

const model = await openModel(bundled('model'));
const directory = join(folder, 'run');
const { record } = await train(model, textPath, {
  directory,
  adapter: 'core',
  basis: 'svd',
  rank: 16,
  layers: '*.mlp.*',
  steps: 20,
  batchSize: 4,
  seqLen: SEQ_LEN,
  learningRate: 0.02,
});
console.log(`${record.adapter.trainedParameters} trained parameters, ${record.step} steps`);

// The adapter as a later program would find it.
const adapter = await loadAdapter(directory, model);
const peft = join(folder, 'peft');
await exportPeft(peft, lowRankUpdates(adapter.layers), { baseModel: model.path, about: { run: record } });

const lastPages = [{ text: novel.slice(-20_000) }];
const sequences = makeSequences(lastPages, await model.tokenizer(), { seqLen: SEQ_LEN, pack: true });
const engine = createOnnxEngine();
const loss = async (measured) => meanLoss(await sequenceLosses(engine, measured, sequences, 4)).mean;
console.log(`loss before: ${(await loss(model)).toFixed(4)} nats per token`);
console.log(`loss after:  ${(await loss(adaptedModel(model, adapter))).toFixed(4)} nats per token`);
console.log(`for PEFT: ${peft}`);
await engine.close();
