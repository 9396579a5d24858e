/** The options of an advice. */
import { aboveZeroOption, choiceOption, under, wholeOption } from '../options/index.ts';
import { PROBE_OPTIONS } from './probe-options.ts';
import { TRAIN_OPTIONS } from './train-options.ts';

const BUDGET = 'Budget, one of:';
const RUN = 'The run that it is for:';
const HOW = 'How to look:';

export const ADVISE_OPTIONS = {
  maxParams: wholeOption('max-params', BUDGET, 'trained numbers', 1, 100000),
  maxAdapterMb: aboveZeroOption('max-adapter-mb', BUDGET, 'megabytes of trained numbers, in float32', 0.5),
  matchLoraRank: wholeOption('match-lora-rank', BUDGET, 'as many as plain LoRA of this rank has', 1, 8, {
    shownDefault: '8',
  }),
  family: choiceOption(
    'family',
    BUDGET,
    'what is trained: cores in frozen frames; or factors, LoRA whose A starts in frames, as other trainers have it',
    ['core', 'factors'],
    { default: 'core' },
  ),
  steps: wholeOption('steps', RUN, 'optimizer steps', 1, 400, {
    default: 400,
    aliases: ['max-steps', 'iters'],
  }),
  batchTokens: wholeOption('batch-tokens', RUN, 'tokens of a step', 1, 1024, { default: 1024 }),
  textField: under(RUN, TRAIN_OPTIONS.textField),
  promptField: under(RUN, TRAIN_OPTIONS.promptField),
  completionField: under(RUN, TRAIN_OPTIONS.completionField),
  chatTemplate: under(RUN, TRAIN_OPTIONS.chatTemplate),
  seqLen: under(RUN, TRAIN_OPTIONS.seqLen),
  schedule: under(RUN, TRAIN_OPTIONS.schedule),
  pack: under(RUN, PROBE_OPTIONS.pack),
  layers: under(RUN, PROBE_OPTIONS.layers),
  calibrationBatches: wholeOption(
    'calibration-batches',
    HOW,
    'steps’ worth of text that frames are made from, and as much again that they are measured on',
    4,
    8,
    { default: 8 },
  ),
  ridge: under(HOW, PROBE_OPTIONS.ridge),
  memory: under(HOW, PROBE_OPTIONS.memory),
  seed: under(HOW, PROBE_OPTIONS.seed),
};
