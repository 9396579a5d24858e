/** The options of `rankscope advise`: those of the library, and what a command adds. */
import { TRAINERS } from '../advice/index.ts';
import { choiceOption, pathOption, switchOption, textOption } from '../options/index.ts';
import { ADVISE_OPTIONS as LIBRARY } from '../record/index.ts';
import { dataOption, modelOptions, quietOption } from './option-kinds.ts';

const RUN = 'The run that it is for:';
const HOW = 'How to look:';
const OUTPUT = 'Output:';

export const ADVISE_OPTIONS = {
  ...LIBRARY,
  data: dataOption(RUN, 'train on'),
  ...modelOptions(HOW),
  out: pathOption('--out <dir>', OUTPUT, 'folder for the plan and its reasons', '--out advice', {
    shownDefault: 'rankscope-runs/advise-<model>-<time>',
    aliases: ['output-dir'],
  }),
  emit: choiceOption(
    'emit',
    OUTPUT,
    `LoRA for another trainer, which --family factors is meant by: ${TRAINERS.join(', ')}`,
    TRAINERS,
  ),
  baseModel: textOption(
    '--base-model <id>',
    OUTPUT,
    'what that trainer calls the model',
    '--base-model HuggingFaceTB/SmolLM2-135M',
    { shownDefault: 'its path' },
  ),
  json: switchOption('--json', OUTPUT, 'print the record as JSON'),
  quiet: quietOption(OUTPUT),
};
