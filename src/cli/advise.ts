/** `rankscope advise`: a plan under a budget, its learning rate, and how sure that is. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { exportPeft, lowRankUpdates } from '../adapters/index.ts';
import {
  type Advice,
  advise,
  START_FOLDER,
  startsFromFolder,
  type TrainerFiles,
  writeForTrainer,
} from '../advice/index.ts';
import { UserError } from '../errors/index.ts';
import { makeFolder, writeTextAtomically } from '../files/index.ts';
import { openModel } from '../models/index.ts';
import type { OptionValues } from '../options/index.ts';
import {
  ADVICE_FILE,
  type AdviceRecord,
  finishRun,
  ADVISE_OPTIONS as LIBRARY,
  readRunRecord,
  writeAdviceRecord,
  writeJsonAtomic,
} from '../record/index.ts';
import { adviceMarkdown, renderAdviceHtml, renderAdviceText } from '../report/index.ts';
import { checkTexts, namePaths } from '../text/index.ts';
import { ADVISE_OPTIONS } from './advise-options.ts';
import { tellDownload } from './download-line.ts';
import { locateTexts } from './locate-texts.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { printable, terminalOptions } from './print.ts';
import { ProgressLine } from './probe-progress.ts';
import { defaultFolder, describeRun, openRunFolder, shortPath } from './run-folder.ts';
import { chooseSources } from './sources.ts';
import { SILENT } from './status-line.ts';
import { watchStopSignals } from './stop-signals.ts';
import { tellMemory } from './tell-memory.ts';
import { tellReceipt } from './tell-receipt.ts';
import { tellWarningOn } from './tell-warnings.ts';
import { REPORT_FILE } from './write-outputs.ts';

type Options = OptionValues<typeof ADVISE_OPTIONS>;

const DESCRIPTION = [
  'Says what to train on a text under a budget of parameters: frames, rank, layers and learning rate, from one probe ' +
    'of the text. Frames and rank go by a law that was fitted to the bundled model and held on another; it knows ' +
    'cores only. What is tied, or noise, is called so.',
].join('\n\n');

const EXAMPLES = `
Examples:
  rankscope advise                                                   the bundled model and text
  rankscope advise ./my-model --data notes.txt --match-lora-rank 1
  rankscope advise model.gguf --data train.jsonl --max-adapter-mb 0.1 --steps 200 --out advice
  rankscope train model.gguf --data train.jsonl --plan advice/plan.json --lr auto
  rankscope advise ./my-model --data notes.txt --match-lora-rank 8 --emit peft`;

export const PLAN_FILE = 'plan.json';
const MARKDOWN_FILE = 'report.md';
const OUTPUTS = [ADVICE_FILE, PLAN_FILE, MARKDOWN_FILE, REPORT_FILE];

export function adviseCommand(): Command {
  const command = new Command('advise')
    .description(DESCRIPTION)
    .argument('[model]', 'Hugging Face folder, .gguf file or id on the hub (default: the bundled model)')
    .addHelpText('after', EXAMPLES);
  addOptions(command, ADVISE_OPTIONS);
  return command.action(async (model: string | undefined) => {
    const options = readOptions(command, ADVISE_OPTIONS);
    await sayingFlags(ADVISE_OPTIONS, () => runAdvise(model, options));
  });
}

async function runAdvise(givenModel: string | undefined, given: Options): Promise<void> {
  const options = forTrainer(given);
  const { modelPath, dataPaths } = chooseSources('advise', givenModel, options.data);
  const progress = new ProgressLine(process.stderr, { quiet: options.quiet });
  const description = describeRun('advise', process.argv.slice(3), options.seed ?? LIBRARY.seed.default);
  const run = openRunFolder(options.out ?? defaultFolder(modelPath, 'advise-'), description);
  const discard = () => {
    if (options.emit !== undefined)
      rmSync(join(run.directory, options.emit), { recursive: true, force: true });
    run.discard(OUTPUTS);
  };
  const stops = watchStopSignals(
    () => progress.say('stopping after the pass in flight; Ctrl-C again ends at once'),
    discard,
  );
  let advice: Advice;
  try {
    const texts = await locateTexts(dataPaths, { signal: stops.signal });
    await checkTexts(texts);
    progress.say(`opening ${modelPath}`);
    const { compute, cacheFolder, emit, baseModel, ...rest } = options;
    const model = await openModel(modelPath, {
      compute,
      cacheFolder,
      onWarning: tellWarningOn(progress),
      onDownload: tellDownload(options.quiet ? SILENT : process.stderr),
      signal: stops.signal,
    });
    advice = await advise(model, texts, {
      ...rest,
      signal: stops.signal,
      onProgress: (step) => progress.update(step),
      onReceipt: (receipt) => {
        for (const line of tellReceipt(namePaths(dataPaths), receipt)) progress.say(line);
      },
      onMemory: tellMemory(progress),
    });
    if (emit !== undefined) await writeTrainer(run.directory, emit, advice, baseModel);
    writeAdvice(run.directory, advice);
  } catch (error) {
    progress.end();
    discard();
    throw error;
  } finally {
    stops.release();
  }
  progress.end();
  const { record } = advice;
  if (options.json) process.stdout.write(`${JSON.stringify(record)}\n`);
  else {
    const place = shortPath(run.directory);
    const lines = [
      `to train it: ${trainCommand(record, join(place, PLAN_FILE))}`,
      `report: ${join(place, REPORT_FILE)}`,
    ];
    process.stdout.write(`${renderAdviceText(record, terminalOptions())}\n${printable(lines.join('\n'))}\n`);
  }
}

/** Other trainers know LoRA, and no cores. */
function forTrainer(options: Options): Options {
  const { emit, baseModel, family } = options;
  if (emit === undefined) {
    if (baseModel === undefined) return options;
    throw new UserError('options-conflict', {
      what: '--base-model means nothing without --emit',
      got: baseModel,
      fix: 'name the trainer with --emit, or leave it out',
    });
  }
  if (family !== 'core') return { ...options, family: 'factors' };
  throw new UserError('options-conflict', {
    what: 'no other trainer trains cores',
    got: `--emit ${emit} with --family core`,
    expected: '--family factors, LoRA whose A starts in frames',
    fix: 'leave --family out; `rankscope train` trains cores, and `rankscope export` writes them for others to load',
  });
}

/** The folder of a trainer inside the run's. */
async function writeTrainer(
  directory: string,
  trainer: NonNullable<Options['emit']>,
  { record, adapter }: Advice,
  baseModel: string | undefined,
): Promise<TrainerFiles> {
  const model = baseModel ?? record.model.path;
  const written = writeForTrainer(trainer, record, model);
  const folder = join(directory, trainer);
  makeFolder(folder);
  for (const [name, text] of Object.entries(written.files)) writeTextAtomically(join(folder, name), text);
  if (startsFromFolder(trainer))
    await exportPeft(join(folder, START_FOLDER), lowRankUpdates(adapter.layers), {
      baseModel: model,
      about: { adapter: adapter.record, advice: record },
    });
  for (const note of written.notes) process.stderr.write(`note: ${note}\n`);
  return written;
}

function writeAdvice(directory: string, { record, layers }: Advice): void {
  writeJsonAtomic(join(directory, PLAN_FILE), { schema: 'rankscope.plan', version: 1, layers });
  writeTextAtomically(join(directory, MARKDOWN_FILE), adviceMarkdown(record));
  writeAdviceRecord(directory, record);
  finishRun(directory, 'complete');
  writeTextAtomically(join(directory, REPORT_FILE), renderAdviceHtml(record, readRunRecord(directory)));
}

/** The command that trains the plan as it was advised. */
function trainCommand({ model, data, rate, settings }: AdviceRecord, plan: string): string {
  const { steps, batchSize, seqLen, schedule } = settings;
  return [
    `rankscope train ${model.path} --data ${data.path} --plan ${plan} --lr ${rate?.learningRate ?? 'RATE'}`,
    `--steps ${steps} --batch-size ${batchSize} --seq-len ${seqLen}`,
    ...(schedule === 'cosine' ? [] : [`--schedule ${schedule}`]),
  ].join(' ');
}
