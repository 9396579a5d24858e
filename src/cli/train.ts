/** `rankscope train`: an adapter, its metrics, its report. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { ADAPTER_TENSORS } from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import { lockFolder, writeFileAtomically } from '../files/index.ts';
import { openModel } from '../models/index.ts';
import type { OptionValues } from '../options/index.ts';
import {
  finishRun,
  readRunRecord,
  readTrainMetrics,
  readTrainRecord,
  type TrainMetrics,
} from '../record/index.ts';
import { renderTrainHtml, summarizeTraining } from '../report/index.ts';
import { hasCheckpoint, type TrainResult, train } from '../training/index.ts';
import { tellDownload } from './download-line.ts';
import { EventFile, eventFilesIn } from './event-file.ts';
import { locateText } from './locate-texts.ts';
import { afterTraining, rankscope, type Step, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { renderPreview } from './preview.ts';
import { printable, terminalOptions } from './print.ts';
import { ProgressLine } from './probe-progress.ts';
import { readTexts } from './read-texts.ts';
import { EXIT_STOPPED } from './report-error.ts';
import { defaultFolder, describeRun, openRunFolder, shortPath } from './run-folder.ts';
import { chooseSources } from './sources.ts';
import { SILENT } from './status-line.ts';
import { watchStopSignals } from './stop-signals.ts';
import { tellMemory } from './tell-memory.ts';
import { tellReceipt } from './tell-receipt.ts';
import { tellWarningOn } from './tell-warnings.ts';
import { TRAIN_OPTIONS } from './train-options.ts';
import { TrainingProgress } from './training-progress.ts';
import { wrapped } from './wrapped.ts';
import { REPORT_FILE } from './write-outputs.ts';

type Options = OptionValues<typeof TRAIN_OPTIONS>;

const DESCRIPTION = [
  'Trains an adapter on a text. The weights of the model stay what they are. The default is a core in frozen ' +
    'frames: y = x W + scale · x U M Vᵀ, of which only M is trained.',
  '--adapter lora is plain LoRA, as in PEFT: --adapter lora --r 16 --lora-alpha 32 --layers all-linear.',
].join('\n\n');

const EXAMPLES = `
Examples:
  rankscope train --data notes.txt --steps 40                          the bundled model
  rankscope train ./my-model --data notes.txt --basis natural --rank 16 --lr 3e-3
  rankscope train model.gguf --data train.jsonl --adapter lora --r 16 --lora-alpha 32 --layers q_proj,v_proj
  rankscope train ./my-model --data notes.txt --eval-data held-out.txt --coverage-every 10 --out runs/first
  tensorboard --logdir runs

Ctrl-C stops after the step in progress and keeps it; the same command with --resume goes on, bit for bit.`;

const OUTPUTS = ['adapter.json', ADAPTER_TENSORS, 'train.json', REPORT_FILE];

export function trainCommand(): Command {
  const command = new Command('train')
    .description(DESCRIPTION)
    .argument('[model]', 'Hugging Face folder, .gguf file or id on the hub (default: the bundled model)')
    .addHelpText('after', EXAMPLES);
  addOptions(command, TRAIN_OPTIONS);
  return command.action(async (model: string | undefined) => {
    const options = readOptions(command, TRAIN_OPTIONS);
    process.exitCode = await sayingFlags(TRAIN_OPTIONS, () => runTrain(model, options));
  });
}

/** @returns the exit code. */
async function runTrain(givenModel: string | undefined, options: Options): Promise<number> {
  const { modelPath, dataPaths } = chooseSources('train', givenModel, options.data);
  const stream = options.quiet ? SILENT : process.stderr;
  const { compute, cacheFolder, preview, ...rest } = options;
  const read = (signal?: AbortSignal) =>
    readTexts({
      ...rest,
      model: modelPath,
      paths: dataPaths,
      download: { signal, onDownload: tellDownload(stream) },
    });
  if (preview !== undefined) {
    process.stdout.write(renderPreview(await read(), preview, terminalOptions().color));
    return 0;
  }
  const progress = new ProgressLine(stream);
  const run = openRun(modelPath, options);
  const discard = () => {
    if (!hasCheckpoint(run.directory)) run.discard([...OUTPUTS, ...eventFilesIn(run.directory)]);
  };
  const stops = watchStopSignals(
    () => progress.say('stopping after the step in progress; Ctrl-C again ends at once'),
    discard,
  );
  const events = new EventFile(run.directory);
  let line: TrainingProgress | undefined;
  const onStep = (row: TrainMetrics) => {
    events.append(row);
    const { step, loss, learningRate, gradientNorm, tokensPerSecond } = row;
    if (loss === undefined) {
      progress.say(`evaluation before the first step: loss ${row.evalLoss!.toFixed(4)}`);
      return;
    }
    line?.step({
      step,
      loss,
      learningRate: learningRate!,
      gradientNorm: gradientNorm!,
      tokensPerSecond: tokensPerSecond!,
    });
    if (row.evalLoss !== undefined) line?.say(`step ${step}: evaluation loss ${row.evalLoss.toFixed(4)}`);
  };
  let result: TrainResult;
  try {
    const { texts, modelPath: path } = await read(stops.signal);
    const { evalData } = options;
    const held =
      evalData === undefined ? {} : { evalData: await locateText(evalData, { signal: stops.signal }) };
    progress.say(`opening ${modelPath}`);
    const model = await openModel(path, {
      compute,
      cacheFolder,
      onWarning: tellWarningOn(progress),
      signal: stops.signal,
    });
    result = await train(model, texts, {
      ...rest,
      ...held,
      directory: run.directory,
      lock: run.lock,
      signal: stops.signal,
      onProgress: (step) => progress.update(step),
      onReceipt: (path, receipt) => {
        for (const line of tellReceipt(path, receipt)) progress.say(line);
      },
      onMemory: tellMemory(progress),
      onLearningRate: ({ learningRate, step, passes, notes }) => {
        progress.say(
          `learning rate ${learningRate}, by the law: the best first step is ${step}, found in ${passes} passes`,
        );
        for (const note of notes) progress.say(note);
      },
      onStart: (steps) => {
        progress.end();
        line = new TrainingProgress(stream, steps);
      },
      onStep,
    });
  } catch (error) {
    discard();
    if (hasCheckpoint(run.directory)) {
      // What went wrong first is what is told: a full disk refuses the report as well.
      await writeReport(run.directory, 'partial').catch(() =>
        progress.say('the report of what was trained until then could not be written'),
      );
    }
    throw error;
  } finally {
    progress.end();
    line?.end();
    stops.release();
  }
  return tellResult(result, run.directory, options);
}

/** Writes the report, and says what was trained; gives the exit code. */
async function tellResult({ record }: TrainResult, directory: string, options: Options): Promise<number> {
  const status = record.status === 'complete' ? 'complete' : 'partial';
  await writeReport(directory, status);
  const place = shortPath(directory);
  const lines = [
    wrapped(summarizeTraining(record, readTrainMetrics(directory))),
    `adapter: ${place}   report: ${join(place, REPORT_FILE)}`,
  ];
  if (status === 'partial') lines.push('stopped early: the same command with --resume goes on');
  process.stdout.write(options.json ? `${JSON.stringify(record)}\n` : `${printable(lines.join('\n'))}\n`);
  if (!options.quiet) {
    tellNext(
      status === 'partial' ? [goingOn(place, options)] : afterTraining(place, record, process.argv.slice(3)),
    );
  }
  return status === 'partial' ? EXIT_STOPPED : 0;
}

/** The command as it was given, which goes on where it stopped. */
function goingOn(place: string, { out, resume }: Options): Step {
  const given = process.argv.slice(2);
  const command = rankscope(...given, ...(out === undefined ? ['--out', place] : []), !resume && '--resume');
  return { command, why: 'goes on where it stopped' };
}

/** A new run directory, or with --resume the one that is there. */
function openRun(modelPath: string, { out, resume, seed }: Options) {
  if (!resume) {
    const description = describeRun('train', process.argv.slice(3), seed ?? TRAIN_OPTIONS.seed.default);
    return openRunFolder(out ?? defaultFolder(modelPath, 'train-'), description);
  }
  const directory = out === undefined ? null : resolve(out);
  if (directory !== null && existsSync(directory) && readRunRecord(directory)?.command === 'train')
    return { directory, lock: lockFolder(directory), discard: () => {} };
  throw new UserError('nothing-to-resume', {
    what: out === undefined ? '--resume needs the folder of the run' : `there is no training run in ${out}`,
    expected: '--out with the folder of a run that was stopped',
    fix: 'name it with --out, or start without --resume',
  });
}

async function writeReport(directory: string, status: 'complete' | 'partial'): Promise<void> {
  finishRun(directory, status);
  const html = renderTrainHtml(
    readTrainRecord(directory),
    readTrainMetrics(directory),
    readRunRecord(directory),
  );
  await writeFileAtomically(join(directory, REPORT_FILE), (file) => file.writeFile(html));
}
