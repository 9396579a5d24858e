/** `rankscope export`: an adapter in a form that other programs load. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command } from 'commander';
import {
  type Adapter,
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportOptions,
  loadAdapter,
} from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import { inspectModel, MODEL_OPTIONS, openModel } from '../models/index.ts';
import {
  choiceOption,
  type OptionValues,
  pathOption,
  switchOption,
  textOption,
  under,
} from '../options/index.ts';
import { readAdapterRecord, readRunRecord, SAVE_TYPES } from '../record/index.ts';
import { chooseBaseModel } from './base-model.ts';
import { tellDownload } from './download-line.ts';
import { AFTER_EXPORT, type Step, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayFlag, sayingFlags } from './option.ts';
import { printable } from './print.ts';
import { tellWarning } from './tell-warnings.ts';

const FORM = 'Form:';
const PLACE = 'Places:';
type FormatName = keyof typeof EXPORT_FORMATS;
const NAMES = Object.keys(EXPORT_FORMATS) as [FormatName, ...FormatName[]];
const [DEFAULT] = NAMES;
const FILES = NAMES.filter((name) => EXPORT_FORMATS[name].extension !== null).join(', ');

const OPTIONS = {
  format: choiceOption('format', FORM, NAMES.join(', '), NAMES, { default: DEFAULT }),
  portable: switchOption('--portable', FORM, 'peft: one rank for all layers, filled up with zeros (vLLM)'),
  type: choiceOption('type', FORM, `merged: ${SAVE_TYPES.join(', ')}`, SAVE_TYPES, {
    shownDefault: 'as in the base; float32 for GGUF',
  }),
  out: pathOption('--out <path>', PLACE, `new folder, or for ${FILES} a new file`, '--out my-adapter'),
  model: pathOption(
    '--model <path>',
    PLACE,
    'the base model, when it is not where it was in training',
    '--model ./my-model',
  ),
  baseModel: textOption(
    '--base-model <id>',
    PLACE,
    'peft: the name of the base model that goes into adapter_config.json',
    '--base-model HuggingFaceTB/SmolLM2-135M',
    { shownDefault: 'its path' },
  ),
  cacheFolder: under(PLACE, MODEL_OPTIONS.cacheFolder),
};
type Options = OptionValues<typeof OPTIONS>;

const EXAMPLES = `
Formats:
${NAMES.map((name) => `  ${name.padEnd(9)}  ${EXPORT_FORMATS[name].help}`).join('\n')}

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
    const options = readOptions(command, OPTIONS);
    const { told, next } = await sayingFlags(OPTIONS, () => runExport(run, options));
    process.stdout.write(printable(told));
    tellNext(next);
  });
}

async function runExport(run: string, options: Options): Promise<{ told: string; next: readonly Step[] }> {
  const { out } = options;
  checkOptions(run, options);
  const { adapter, notes, base } = await write(run, out!, options);
  for (const note of notes) process.stderr.write(`note: ${note(sayFlag(OPTIONS))}\n`);
  const { trainedParameters } = adapter.record;
  const place = relative(process.cwd(), resolve(out!)) || '.';
  return {
    told: `${place}: ${sizeText(out!)}, ${trainedParameters} trained parameters\n`,
    next: AFTER_EXPORT[options.format ?? DEFAULT](place, options.baseModel ?? base),
  };
}

/** Opens as much of the base as the format needs, and writes it; gives the adapter, and what to tell. */
async function write(run: string, out: string, options: Options) {
  const format: ExportFormat = EXPORT_FORMATS[options.format ?? DEFAULT];
  const { model: named, cacheFolder } = options;
  const telling = { onWarning: tellWarning, onDownload: tellDownload(process.stderr) };
  const inputs = (adapter: Adapter, basePath: string) => {
    const about = { adapter: adapter.record, run: readRunRecord(run) };
    return { out, adapter, basePath: resolve(basePath), options, about };
  };
  if (format.needs === 'name') {
    const { path: recorded } = readAdapterRecord(run).model;
    // Where the base is not at hand, its name is enough; where it is, it must be the right one.
    const known = named ?? (existsSync(recorded) ? recorded : undefined);
    const base = known === undefined ? undefined : await inspectModel(known, telling);
    const adapter = await loadAdapter(run, base);
    if (base === undefined)
      tellWarning(`the base model is not at ${recorded} any more: that it is the right one was not checked`);
    const path = base?.path ?? recorded;
    return { adapter, notes: await format.write(inputs(adapter, path)), base: path };
  }
  const path = chooseBaseModel(named, [run]);
  if (format.needs === 'config') {
    const base = await inspectModel(path, telling);
    const adapter = await loadAdapter(run, base);
    return { adapter, notes: await format.write(inputs(adapter, base.path), base), base: base.path };
  }
  const base = await openModel(path, { cacheFolder, ...telling });
  const adapter = await loadAdapter(run, base);
  return { adapter, notes: await format.write(inputs(adapter, base.path), base), base: base.path };
}

/** Options that some format takes, by name. */
const TAKEN = ['portable', 'type', 'baseModel'] as const satisfies readonly (keyof ExportOptions)[];

function checkOptions(run: string, options: Options): void {
  const { format = DEFAULT, out } = options;
  const { takes, extension }: ExportFormat = EXPORT_FORMATS[format];
  const misplaced = TAKEN.find((name) => options[name] !== undefined && !takes.includes(name));
  if (misplaced !== undefined) {
    const takers = NAMES.filter((name) => (EXPORT_FORMATS[name] as ExportFormat).takes.includes(misplaced));
    throw new UserError('option-invalid', {
      what: `${OPTIONS[misplaced].flags.split(' ')[0]} means nothing for this format`,
      got: `--format ${format}`,
      expected: `--format ${takers.join(' or ')}`,
      fix: 'leave one of them out',
    });
  }
  if (out !== undefined) return;
  throw new UserError('option-invalid', {
    what: 'there is no place to write to',
    expected: `--out with a new folder, or for ${FILES} a new file`,
    fix: `for example: rankscope export ${run} --format ${format} --out my-adapter${extension ?? ''}`,
  });
}

function sizeText(path: string): string {
  const files = statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
  return `${files.reduce((sum, file) => sum + statSync(file).size, 0)} bytes`;
}
