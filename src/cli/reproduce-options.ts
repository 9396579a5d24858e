/** The options of `rankscope reproduce`. */
import { MODEL_OPTIONS } from '../models/index.ts';
import { pathOption, switchOption, under, wholeOption } from '../options/index.ts';
import { quietOption } from './option-kinds.ts';

const WHAT = 'What to run:';
const HOW = 'How to run it:';
const OUTPUT = 'Output:';

export const REPRODUCE_OPTIONS = {
  list: switchOption('--list', WHAT, 'say what each experiment asks and claims, and run nothing'),
  quick: switchOption(
    '--quick',
    WHAT,
    'a smoke run of a few minutes: it shows that everything works, not what is true',
  ),
  model: pathOption(
    '--model <path>',
    WHAT,
    'Hugging Face folder, .gguf file or id on the hub',
    '--model model.gguf',
    {
      shownDefault: 'the bundled model, from a random start and pretrained',
    },
  ),
  data: pathOption('--data <file>', WHAT, 'text; its last fifth is held out', '--data notes.txt'),
  jobs: wholeOption('jobs', HOW, 'processes at once', 1, 2, { shownDefault: 'one per core' }),
  cacheFolder: under(HOW, MODEL_OPTIONS.cacheFolder),
  out: pathOption('--out <dir>', OUTPUT, 'run directory; a second run there goes on', '--out runs/paper87', {
    shownDefault: 'rankscope-runs/reproduce…',
  }),
  json: switchOption('--json', OUTPUT, 'print the record as JSON'),
  quiet: quietOption(OUTPUT),
};
