/** The options of `rankscope train`: those of the library, and what a command adds. */
import { pathOption, switchOption } from '../options/index.ts';
import { TRAIN_OPTIONS as LIBRARY } from '../record/index.ts';
import { isBasis, modelOptions, quietOption, textOptions } from './option-kinds.ts';

const ON = 'What to train it on:';
const HOW = 'How to train it:';
const OUTPUT = 'Output:';

export const TRAIN_OPTIONS = {
  ...LIBRARY,
  // A wrong name should show before the model is opened.
  basis: { ...LIBRARY.basis, schema: LIBRARY.basis.schema.refine(isBasis) },
  ...textOptions(ON, 'train on'),
  ...modelOptions(HOW),
  out: pathOption('--out <dir>', OUTPUT, 'run directory', '--out runs/first', {
    shownDefault: 'rankscope-runs/train-<model>-<time>',
    aliases: ['output-dir'],
  }),
  resume: switchOption('--resume', OUTPUT, 'go on with the run in --out'),
  json: switchOption('--json', OUTPUT, 'print the record as JSON'),
  quiet: quietOption(OUTPUT),
};
