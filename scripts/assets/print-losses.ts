/**
 * Token ids and loss of the bundled model on the bundled texts, for scripts/assets/check-assets.py.
 *
 *     npx tsx scripts/assets/print-losses.ts > IDS_AND_LOSSES.json
 */
import { fileURLToPath } from 'node:url';
import { readWeight } from '../../src/checkpoint/index.ts';
import { openModel } from '../../src/models/index.ts';
import { createOnnxEngine } from '../../src/runtime/index.ts';
import { makeSequences, readDocuments, sequencesOf, type TextDocument } from '../../src/text/index.ts';
import { evaluateLoss } from '../../src/training/index.ts';

const SEQUENCES = 16;

const assets = (path: string) => fileURLToPath(new URL(`../../assets/${path}`, import.meta.url));
const { definition, checkpoint, tokenizer } = await openModel(assets('model'));
const weights = Object.fromEntries(
  definition.weights.map(({ name }) => [name, readWeight(checkpoint, name)]),
);
const engine = createOnnxEngine();
const results: Record<string, unknown> = {};
for (const name of ['state-of-the-union.txt', 'moby-dick.txt']) {
  const { documents } = await readDocuments(assets(`text/${name}`));
  const all = makeSequences(documents, await tokenizer(), { seqLen: 256, pack: true });
  const first = sequencesOf(all.batch([...Array(SEQUENCES).keys()]));
  const { loss } = await evaluateLoss(engine, definition, weights, first, 4);
  results[name] = {
    ids: (await tokenizer()).encode((documents[0] as TextDocument).text),
    sequences: SEQUENCES,
    loss,
  };
}
await engine.close();
console.log(JSON.stringify(results));
