/**
 * Writes the bundled texts and the training data of the bundled model.
 *
 *     npx tsx scripts/assets/make-texts.ts WORK_FOLDER
 *
 * assets/text/state-of-the-union.txt   the held-out addresses: neither tokenizer nor model was trained on them
 * assets/text/moby-dick.txt            the first chapters, the new domain to adapt to
 * WORK_FOLDER/state-of-the-union.jsonl the training addresses, one per line
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mobyDick, stateOfTheUnion } from './corpora.ts';

const [work] = process.argv.slice(2);
if (work === undefined) throw new Error('usage: make-texts.ts WORK_FOLDER');
const texts = fileURLToPath(new URL('../../assets/text', import.meta.url));
mkdirSync(texts, { recursive: true });
mkdirSync(work, { recursive: true });

const { training, heldOut } = stateOfTheUnion();
const lines = training.map((address) => `${JSON.stringify(address)}\n`);
writeFileSync(join(work, 'state-of-the-union.jsonl'), lines.join(''));
writeFileSync(
  join(texts, 'state-of-the-union.txt'),
  heldOut.map(({ text }) => `${text.trim()}\n\n`).join(''),
);
writeFileSync(join(texts, 'moby-dick.txt'), mobyDick(400_000));
