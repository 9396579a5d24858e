/**
 * Trains the bundled model's tokenizer and writes it in Hugging Face's format.
 *
 *     npx tsx scripts/assets/train-tokenizer.ts TRAINING.jsonl OUT_FOLDER
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trainBytePairs } from './bpe-trainer.ts';
import { tokenizerFiles } from './tokenizer-files.ts';

const VOCABULARY_SIZE = 4096;

const [data, out] = process.argv.slice(2);
if (data === undefined || out === undefined) {
  throw new Error('usage: train-tokenizer.ts TRAINING.jsonl OUT_FOLDER');
}
const texts = readFileSync(data, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => (JSON.parse(line) as { text: string }).text);
const { tokenizer, config } = tokenizerFiles(trainBytePairs(texts, VOCABULARY_SIZE - 1));
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'tokenizer.json'), `${JSON.stringify(tokenizer)}\n`);
writeFileSync(join(out, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
