/** `rankscope export`: an adapter in a form that other programs load. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import {
  type Adapter,
  adaptedModel,
  exportGgufLora,
  exportMerged,
  exportPeft,
  loadAdapter,
  lowRankUpdates,
  type Rounding,
} from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import { inspectModel, openModel } from '../models/index.ts';
import { readAdapterRecord, readRunRecord, SAVE_TYPES } from '../record/index.ts';
import { chooseBaseModel } from './base-model.ts';
import { addOptions, type OptionValues, readOptions } from './option.ts';
import { cacheOption, choiceOption, pathOption, switchOption, textOption } from './option-kinds.ts';
import { printable } from './print.ts';
import { tellWarning } from './tell-warnings.ts';

const FORM = 'Form:';
const PLACE = 'Places:';
const FORMATS = ['peft', 'merged', 'gguf-lora'] as const;

const OPTIONS = {
  format: choiceOption('format', FORM, 'peft (default), merged or gguf-lora', FORMATS),
  portable: switchOption('--portable', FORM, 'peft: one rank for all layers, filled up with zeros (vLLM)'),
  type: choiceOption(
    'type',
    FORM,
    `merged: ${SAVE_TYPES.join(', ')} (default: as in the base; float32 for GGUF)`,
    SAVE_TYPES,
  ),
  out: pathOption('--out <path>', PLACE, 'new folder, or for gguf-lora a new file', '--out my-adapter'),
  model: pathOption(
    '--model <path>',
    PLACE,
    'the base model, when it is not where it was in training',
    '--model ./my-model',
  ),
  baseModel: textOption(
    '--base-model <id>',
    PLACE,
    'peft: the name of the base model that goes into adapter_config.json (default: its path)',
    '--base-model HuggingFaceTB/SmolLM2-135M',
  ),
  cacheDir: cacheOption(PLACE),
};
type Options = OptionValues<typeof OPTIONS>;

const EXAMPLES = `
Formats:
  peft       a folder that PEFT loads onto the base model (--portable: also vLLM)
  merged     a whole Hugging Face model with the adapter added to its weights
  gguf-lora  a .gguf file that llama.cpp loads beside the GGUF of the base model

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
    process.stdout.write(printable(await runExport(run, readOptions(command, OPTIONS))));
  });
}

/** @returns what to tell. */
async function runExport(run: string, options: Options): Promise<string> {
  const { format = 'peft', out } = options;
  checkOptions(run, options);
  const { adapter, notes } = await WRITERS[format](run, out!, options);
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  const { trainedParameters } = adapter.record;
  return `${relative(process.cwd(), resolve(out!)) || '.'}: ${sizeText(out!)}, ${trainedParameters} trained parameters\n`;
}

/** Writes a format; gives the adapter, and what to tell. */
type Writer = (
  run: string,
  out: string,
  options: Options,
) => Promise<{ readonly adapter: Adapter; readonly notes: readonly string[] }>;

const WRITERS: Readonly<Record<(typeof FORMATS)[number], Writer>> = {
  peft: async (run, out, options) => {
    const { model, baseModel } = options;
    const { path: recorded } = readAdapterRecord(run).model;
    // Where the base is not at hand, its name is enough; where it is, it must be the right one.
    const known = model ?? (existsSync(recorded) ? recorded : undefined);
    const base = known === undefined ? undefined : await inspectModel(known, { onWarning: tellWarning });
    const adapter = await loadAdapter(run, base);
    if (base === undefined)
      tellWarning(`the base model is not at ${recorded} any more: that it is the right one was not checked`);
    await exportPeft(out, lowRankUpdates(adapter.layers), {
      baseModel: baseModel ?? resolve(known ?? recorded),
      portable: options.portable,
      about: describe(run, adapter),
    });
    return { adapter, notes: baseModel === undefined ? [localBase(resolve(known ?? recorded))] : [] };
  },
  merged: async (run, out, options) => {
    const path = chooseBaseModel(options.model, [run]);
    const model = await openModel(path, { cacheFolder: options.cacheDir, onWarning: tellWarning });
    const adapter = await loadAdapter(run, model);
    const rounding = await exportMerged(out, adaptedModel(model, adapter), {
      type: options.type,
      about: describe(run, adapter),
    });
    return { adapter, notes: rounding === null ? [] : [roundingNote(rounding)] };
  },
  'gguf-lora': async (run, out, options) => {
    const path = chooseBaseModel(options.model, [run]);
    const base = await inspectModel(path, { onWarning: tellWarning });
    const adapter = await loadAdapter(run, base);
    await exportGgufLora(out, base, lowRankUpdates(adapter.layers));
    return { adapter, notes: [] };
  },
};

function localBase(path: string): string {
  const trouble = path.endsWith('.gguf')
    ? ' and PEFT opens no GGUF file'
    : ': on another machine nothing stands there';
  return `adapter_config.json names ${path} as base model${trouble}. --base-model ID names it as the hub does.`;
}

/** Share of ‖ΔW‖ from which a merge is not what the adapter was. */
const NOTABLE = 0.01;

function roundingNote({ overall, worst }: Rounding): string {
  const percent = (share: number) => `${(100 * share).toPrecision(3)} %`;
  const text = `Rounding to 16 bits took ${percent(overall)} of ‖ΔW‖, at most ${percent(worst.share)} (${worst.layer}).`;
  return overall > NOTABLE || worst.share > NOTABLE ? `${text} --type float32 keeps all of it.` : text;
}

function checkOptions(run: string, { format = 'peft', out, portable, type, baseModel }: Options): void {
  const misplaced =
    (baseModel !== undefined && format !== 'peft' && '--base-model') ||
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
