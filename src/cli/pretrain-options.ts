/** The options of `rankscope pretrain`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { UserError } from '../errors/index.ts';
import { SAVE_TYPES, type SaveType } from '../models/index.ts';

export interface PretrainFlags {
  readonly config: string;
  readonly tokenizer: string;
  readonly data: string;
  readonly evalData: readonly string[];
  readonly steps: number;
  readonly batchSize: number;
  readonly microBatch?: number;
  readonly seqLen: number;
  readonly lr: number;
  readonly minLr?: number;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly seed: number;
  readonly checkpointEvery: number;
  readonly saveType: SaveType;
  readonly out: string;
  readonly resume: boolean;
}

/** The command without its action. */
export function describePretrain(): Command {
  return new Command('pretrain')
    .description('Trains a model from its config alone and writes it as a Hugging Face folder.')
    .requiredOption('--config <file>', 'config.json of the model')
    .requiredOption('--tokenizer <file>', 'its tokenizer.json')
    .requiredOption('--data <file>', 'text (.txt) or documents (.jsonl, .json)')
    .option('--eval-data <file...>', 'texts to measure the loss on at the end', [])
    .requiredOption('--steps <n>', 'optimizer steps', wholeNumber(1))
    .option('--batch-size <n>', 'sequences per step', wholeNumber(1), 16)
    .option('--micro-batch <n>', 'sequences per pass, fewer to save memory (default: all)', wholeNumber(1))
    .option('--seq-len <n>', 'tokens per sequence', wholeNumber(2), 128)
    .option(
      '--lr <x>',
      'highest learning rate',
      number('above 0', (x) => x > 0),
      1e-3,
    )
    .option('--min-lr <x>', 'learning rate at the end (default: a tenth of --lr)', notNegative)
    .option('--warmup <n>', 'steps of linear warm-up', wholeNumber(0), 100)
    .option('--weight-decay <x>', 'decoupled weight decay of matrices', notNegative, 0.1)
    .option(
      '--clip <x>',
      'largest global norm of the gradient',
      number('above 0', (x) => x > 0),
      1,
    )
    .option('--seed <n>', 'of weights and data order', wholeNumber(0), 0)
    .option('--checkpoint-every <n>', 'steps between checkpoints', wholeNumber(1), 200)
    .addOption(saveType())
    .requiredOption('--out <dir>', 'folder of the model and its run files')
    .option('--resume', 'go on from the checkpoint in --out', false);
}

/** Checks what no single option can tell. */
export function checkFlags({ batchSize, microBatch = batchSize, steps, warmup }: PretrainFlags): void {
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

function saveType(): Option {
  const option = new Option('--save-type <type>', 'element type of model.safetensors');
  return option.choices(SAVE_TYPES).default('float32');
}

function number(expected: string, holds: (value: number) => boolean) {
  return (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(value) && holds(value)) return value;
    throw new InvalidArgumentError(`Expected a number ${expected}.`);
  };
}

function wholeNumber(least: number) {
  return number(`that is whole and at least ${least}`, (x) => Number.isSafeInteger(x) && x >= least);
}

const notNegative = number('of at least 0', (x) => x >= 0);
