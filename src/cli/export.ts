/** `rankscope export`: an adapter in a form that other programs load. */
import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors/index.ts';
import { openModel } from '../models/index.ts';
import { readRunRecord } from '../record/index.ts';
import {
  type Adapter,
  adaptedModel,
  exportGgufLora,
  exportMerged,
  exportPeft,
  loadAdapter,
  lowRankUpdates,
  SAVE_TYPES,
} from '../training/index.ts';
import { chooseBaseModel } from './base-model.ts';
import { addOptions, type OptionValues, readOptions } from './option.ts';
import { cacheOption, choiceOption, pathOption, switchOption } from './option-kinds.ts';
import { tellWarning } from './tell-warnings.ts';

const FORM = 'Form:';
const PLACE = 'Places:';
const FORMATS = ['peft', 'merged', 'gguf-lora'] as const;

const OPTIONS = {
  format: choiceOption('format', FORM, 'peft (default), merged or gguf-lora', FORMATS),
  portable: switchOption('--portable', FORM, 'peft: one rank for all layers, filled up with zeros (vLLM)'),
  type: choiceOption('type', FORM, `merged: ${SAVE_TYPES.join(', ')} (default: as in the base)`, SAVE_TYPES),
  out: pathOption('--out <path>', PLACE, 'new folder, or for gguf-lora a new file', '--out my-adapter'),
  model: pathOption(
    '--model <path>',
    PLACE,
    'the base model, when it is not where it was in training',
    '--model ./my-model',
  ),
  cacheDir: cacheOption(PLACE),
};
type Options = OptionValues<typeof OPTIONS>;

const EXAMPLES = `
Formats:
  peft       a folder that PEFT loads onto the base model (--portable: also vLLM)
  merged     a whole Hugging Face model with the adapter added to its weights
  gguf-lora  a .gguf file that llama.cpp loads beside the GGUF of the base model (Llama family)

Examples:
  rankscope export rankscope-runs/my-run --out my-adapter
  rankscope export rankscope-runs/my-run --format merged --type bfloat16 --out my-model
  rankscope export rankscope-runs/my-run --format gguf-lora --out my-adapter.gguf`;

export function exportCommand(): Command {
  const command = new Command('export')
    .description('Writes a trained adapter in a form that other programs load as it is.')
    .argument('<run>', 'run directory of a training, or the adapter.json inside it')
    .addHelpText('after', EXAMPLES);
  addOptions(command, OPTIONS);
  return command.action(async (run: string) => {
    process.stdout.write(await runExport(run, readOptions(command, OPTIONS)));
  });
}

/** @returns what to tell. */
async function runExport(run: string, options: Options): Promise<string> {
  const { format = 'peft', out } = options;
  checkOptions(run, options);
  const written = await WRITERS[format](run, out!, options);
  const { trainedParameters } = written.record;
  return `${relative(process.cwd(), resolve(out!)) || '.'}: ${sizeText(out!)}, ${trainedParameters} trained parameters\n`;
}

/** Writes a format and gives the adapter. */
type Writer = (run: string, out: string, options: Options) => Promise<Adapter>;

const WRITERS: Readonly<Record<(typeof FORMATS)[number], Writer>> = {
  peft: async (run, out, { model, portable }) => {
    const adapter = await loadAdapter(run);
    await exportPeft(out, lowRankUpdates(adapter.layers), {
      baseModel: model ?? adapter.record.model.path,
      portable,
      about: describe(run, adapter),
    });
    return adapter;
  },
  merged: async (run, out, options) => {
    const { model, adapter } = await openBoth(run, options);
    await exportMerged(out, adaptedModel(model, adapter), {
      type: options.type,
      about: describe(run, adapter),
    });
    return adapter;
  },
  'gguf-lora': async (run, out, options) => {
    const { model, adapter } = await openBoth(run, options);
    await exportGgufLora(out, model.checkpoint, lowRankUpdates(adapter.layers));
    return adapter;
  },
};

async function openBoth(run: string, { model: given, cacheDir }: Options) {
  const model = await openModel(chooseBaseModel(given, [run]), {
    cacheFolder: cacheDir,
    onWarning: tellWarning,
  });
  return { model, adapter: await loadAdapter(run, model) };
}

function checkOptions(run: string, { format = 'peft', out, portable, type }: Options): void {
  const misplaced =
    (portable && format !== 'peft' && '--portable') ||
    (type !== undefined && format !== 'merged' && '--type');
  if (misplaced) {
    throw new UserError('option-invalid', {
      what: `${misplaced} means nothing for this format`,
      got: `--format ${format}`,
      expected: `--format ${misplaced === '--type' ? 'merged' : 'peft'}`,
      fix: 'leave one of them out',
    });
  }
  if (out !== undefined) return;
  throw new UserError('option-invalid', {
    what: 'there is no place to write to',
    expected: '--out with a new folder, or for gguf-lora a new file',
    fix: `for example: rankscope export ${run} --format ${format} --out my-adapter${format === 'gguf-lora' ? '.gguf' : ''}`,
  });
}

/** What goes along in rankscope.json: how the adapter was made. */
function describe(run: string, { record }: Adapter): Record<string, unknown> {
  return { adapter: record, run: readRunRecord(run) };
}

function sizeText(path: string): string {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
  return `${files.reduce((sum, file) => sum + statSync(file).size, 0)} bytes`;
}
