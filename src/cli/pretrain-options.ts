/** The options of `rankscope pretrain`. */
import { UserError } from '../errors/index.ts';
import {
  aboveZeroOption,
  choiceOption,
  defaultsOf,
  notBelowZeroOption,
  type OptionSpecs,
  type OptionValues,
  pathOption,
  pathsOption,
  switchOption,
  wholeOption,
} from '../options/index.ts';
import { SAVE_TYPES } from '../record/index.ts';

const WHAT = 'What to train:';
const ON = 'What to train it on:';
const HOW = 'How to train it:';
const OUTPUT = 'Output:';

export const PRETRAIN_OPTIONS = {
  config: pathOption('--config <file>', WHAT, 'config.json of the model', '--config config.json'),
  tokenizer: pathOption(
    '--tokenizer <file>',
    WHAT,
    'its tokenizer.json, or an id on the hub',
    '--tokenizer tokenizer.json',
  ),
  data: pathOption('--data <file>', ON, 'text (.txt) or documents (.jsonl, .json)', '--data text.jsonl'),
  evalData: pathsOption(
    '--eval-data <file...>',
    ON,
    'texts to measure the loss on at the end',
    'paths',
    '--eval-data held-out.txt',
  ),
  batchSize: wholeOption('batch-size', ON, 'sequences per step', 1, 16, { default: 16 }),
  microBatch: wholeOption('micro-batch', ON, 'sequences per pass, fewer to save memory', 1, 4, {
    shownDefault: 'all',
  }),
  seqLen: wholeOption('seq-len', ON, 'tokens per sequence', 2, 128, { default: 128 }),
  steps: wholeOption('steps', HOW, 'optimizer steps', 1, 2000),
  learningRate: aboveZeroOption('lr', HOW, 'highest learning rate', 0.001, {
    default: 1e-3,
    aliases: ['learning-rate'],
  }),
  minLr: notBelowZeroOption('min-lr', HOW, 'learning rate that the fall tends to', 0.0001, {
    shownDefault: 'a tenth of --lr',
  }),
  warmup: wholeOption('warmup', HOW, 'steps of linear warm-up', 0, 100, { default: 100 }),
  weightDecay: notBelowZeroOption('weight-decay', HOW, 'decoupled weight decay of matrices', 0.1, {
    default: 0.1,
  }),
  clip: aboveZeroOption('clip', HOW, 'largest global norm of the gradient', 1, { default: 1 }),
  seed: wholeOption('seed', HOW, 'of weights and data order', 0, 1, { default: 0 }),
  checkpointEvery: wholeOption('checkpoint-every', OUTPUT, 'steps between checkpoints', 1, 200, {
    default: 200,
  }),
  saveType: choiceOption(
    'save-type',
    OUTPUT,
    `element type of model.safetensors: ${SAVE_TYPES.join(', ')}`,
    SAVE_TYPES,
    { default: 'float32' },
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
  const values = { ...defaultsOf(PRETRAIN_OPTIONS), ...given };
  const flags = {
    ...values,
    evalData: values.evalData ?? [],
    microBatch: values.microBatch ?? values.batchSize,
    minLr: values.minLr ?? values.learningRate / 10,
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
