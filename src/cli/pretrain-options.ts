/** The options of `rankscope pretrain`. */
import { z } from 'zod';
import { UserError } from '../errors/index.ts';
import { SAVE_TYPES, type SaveType } from '../record/index.ts';
import { listOf, type OptionSpecs, type OptionValues } from './option.ts';
import {
  aboveZeroOption,
  choiceOption,
  notBelowZeroOption,
  pathOption,
  switchOption,
  wholeOption,
} from './option-kinds.ts';

const WHAT = 'What to train:';
const ON = 'What to train it on:';
const HOW = 'How to train it:';
const OUTPUT = 'Output:';

export const PRETRAIN_OPTIONS = {
  config: pathOption('--config <file>', WHAT, 'config.json of the model', '--config config.json'),
  tokenizer: pathOption('--tokenizer <file>', WHAT, 'its tokenizer.json', '--tokenizer tokenizer.json'),
  data: pathOption('--data <file>', ON, 'text (.txt) or documents (.jsonl, .json)', '--data text.jsonl'),
  evalData: {
    flags: '--eval-data <file...>',
    group: ON,
    help: 'texts to measure the loss on at the end',
    schema: listOf(z.string().min(1)),
    expected: 'paths',
    example: '--eval-data held-out.txt',
  },
  batchSize: wholeOption('batch-size', ON, 'sequences per step (default: 16)', 1, 16),
  microBatch: wholeOption('micro-batch', ON, 'sequences per pass, fewer to save memory (default: all)', 1, 4),
  seqLen: wholeOption('seq-len', ON, 'tokens per sequence (default: 128)', 2, 128),
  steps: wholeOption('steps', HOW, 'optimizer steps', 1, 2000),
  lr: aboveZeroOption('lr', HOW, 'highest learning rate (default: 1e-3)', 0.001),
  minLr: notBelowZeroOption(
    'min-lr',
    HOW,
    'learning rate that the fall tends to (default: a tenth of --lr)',
    0.0001,
  ),
  warmup: wholeOption('warmup', HOW, 'steps of linear warm-up (default: 100)', 0, 100),
  weightDecay: notBelowZeroOption(
    'weight-decay',
    HOW,
    'decoupled weight decay of matrices (default: 0.1)',
    0.1,
  ),
  clip: aboveZeroOption('clip', HOW, 'largest global norm of the gradient (default: 1)', 1),
  seed: wholeOption('seed', HOW, 'of weights and data order (default: 0)', 0, 1),
  checkpointEvery: wholeOption(
    'checkpoint-every',
    OUTPUT,
    'steps between checkpoints (default: 200)',
    1,
    200,
  ),
  saveType: choiceOption(
    'save-type',
    OUTPUT,
    `element type of model.safetensors: ${SAVE_TYPES.join(', ')} (default: float32)`,
    SAVE_TYPES,
  ),
  out: pathOption('--out <dir>', OUTPUT, 'folder of the model and its run files', '--out my-model'),
  resume: switchOption('--resume', OUTPUT, 'go on from the checkpoint in --out'),
} satisfies OptionSpecs;

const REQUIRED = ['config', 'tokenizer', 'data', 'steps', 'out'] as const;

/** The options with their defaults. */
export type PretrainFlags = Required<OptionValues<typeof PRETRAIN_OPTIONS>>;

/** Throws {@link UserError} `option-missing`, and `option-invalid` for what no single option can tell. */
export function resolveFlags(given: OptionValues<typeof PRETRAIN_OPTIONS>): PretrainFlags {
  const missing = REQUIRED.find((name) => given[name] === undefined);
  if (missing !== undefined) {
    const { flags, help, example } = PRETRAIN_OPTIONS[missing];
    throw new UserError('option-missing', {
      what: `a pretraining needs ${flags}, ${help}`,
      fix: `for example ${example}`,
    });
  }
  const { batchSize = 16, lr = 1e-3 } = given;
  const flags = {
    evalData: [],
    microBatch: batchSize,
    seqLen: 128,
    minLr: lr / 10,
    warmup: 100,
    weightDecay: 0.1,
    clip: 1,
    seed: 0,
    checkpointEvery: 200,
    saveType: 'float32' satisfies SaveType,
    resume: false,
    ...given,
    batchSize,
    lr,
  } as PretrainFlags;
  checkTogether(flags);
  return flags;
}

function checkTogether({ batchSize, microBatch, steps, warmup }: PretrainFlags): void {
  if (batchSize % microBatch !== 0) {
    throw new UserError('option-invalid', {
      what: '--micro-batch does not cut the batch into equal parts',
      got: `${microBatch}, with --batch-size ${batchSize}`,
      expected: 'a number that divides the batch size',
      fix: 'change one of them',
    });
  }
  if (warmup >= steps) {
    throw new UserError('option-invalid', {
      what: '--warmup leaves no steps to train at the full learning rate',
      got: `${warmup}, with --steps ${steps}`,
      expected: 'fewer than --steps',
      fix: 'change one of them',
    });
  }
}
