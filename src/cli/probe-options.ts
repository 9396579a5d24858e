/** The options of `rankscope probe`: those of the library, and what a command adds. */
import { z } from 'zod';
import { pathOption, switchOption } from '../options/index.ts';
import { PROBE_OPTIONS as LIBRARY } from '../record/index.ts';
import { isBasis, modelOptions, quietOption, textOptions } from './option-kinds.ts';

const ON = 'What to measure it on:';
const HOW = 'How to measure it:';
const OUTPUT = 'Output:';

/** A list of bases whose parts are joined again where that gives the name of a file: commas may stand in it. */
function joinFileNames(raw: unknown): unknown {
  if (typeof raw !== 'string') return Array.isArray(raw) ? raw : [raw];
  const parts = raw.split(',').map((part) => part.trim());
  const bases: string[] = [];
  for (let start = 0; start < parts.length; ) {
    const ends = parts.map((_, index) => index + 1).slice(start);
    const end = ends.find((stop) => isBasis(parts.slice(start, stop).join(','))) ?? start + 1;
    bases.push(parts.slice(start, end).join(','));
    start = end;
  }
  return bases;
}

export const PROBE_OPTIONS = {
  ...LIBRARY,
  ...textOptions(ON, 'measure on'),
  // A wrong name should show before the model is opened.
  bases: { ...LIBRARY.bases, schema: z.array(z.string().refine(isBasis)).min(1), parse: joinFileNames },
  ...modelOptions(HOW),
  out: pathOption('--out <dir>', OUTPUT, 'run directory', '--out runs/first', {
    shownDefault: 'rankscope-runs/<model>-<time>',
  }),
  json: switchOption('--json', OUTPUT, 'print the record as JSON instead of the table'),
  quiet: quietOption(OUTPUT),
  saveBatches: switchOption(
    '--save-batches',
    OUTPUT,
    'keep the measured tokens and loss masks (safetensors)',
  ),
  saveFrames: switchOption('--save-frames', OUTPUT, 'keep the frames (safetensors)'),
};
