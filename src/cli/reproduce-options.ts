/** The options of `rankscope reproduce`. */
import { cacheOption, pathOption, switchOption, wholeOption } from './option-kinds.ts';

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
    'Hugging Face folder or .gguf file (default: the bundled model, from a random start and pretrained)',
    '--model model.gguf',
  ),
  data: pathOption('--data <file>', WHAT, 'text; its last fifth is held out', '--data notes.txt'),
  jobs: wholeOption('jobs', HOW, 'processes at once (default: one per core)', 1, 2),
  cacheDir: cacheOption(HOW),
  out: pathOption(
    '--out <dir>',
    OUTPUT,
    'run directory (default: rankscope-runs/reproduce…); a second run there goes on',
    '--out runs/paper87',
  ),
  json: switchOption('--json', OUTPUT, 'print the record as JSON'),
  quiet: switchOption('--quiet', OUTPUT, 'no progress on stderr'),
};
