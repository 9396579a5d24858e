/** `rankscope pretrain`: a model from its config and a text, written as a Hugging Face folder. */
import { copyFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { openCheckpoint, readWeight } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import { lockFolder } from '../files/index.ts';
import { saveModel } from '../models/index.ts';
import { finishRun, type PretrainRecord, writePretrainRecord } from '../record/index.ts';
import { createOnnxEngine, type Engine } from '../runtime/index.ts';
import {
  evaluateLoss,
  hasAnyCheckpoint,
  hasCheckpoint,
  pretrain,
  readMetrics,
  refuseNothingToResume,
} from '../training/index.ts';
import { rankscope, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { locateTokenizer, type PretrainInputs, readInputs } from './pretrain-inputs.ts';
import { PRETRAIN_OPTIONS, type PretrainFlags, resolveFlags } from './pretrain-options.ts';
import { printable } from './print.ts';
import { EXIT_STOPPED } from './report-error.ts';
import { describeRun, openRunFolder } from './run-folder.ts';
import { watchStopSignals } from './stop-signals.ts';
import { tellWarningOn } from './tell-warnings.ts';
import { TrainingProgress } from './training-progress.ts';

const EXAMPLE = `
Example:
  rankscope pretrain --config config.json --tokenizer tokenizer.json --data text.jsonl \\
    --steps 2000 --batch-size 8 --seq-len 256 --out my-model

Ctrl-C stops after the step in progress and saves a checkpoint; the same command with --resume goes on from it,
and gives the same losses as a run without a break.`;

/** Files of a run that fails before its first checkpoint. */
const OUTPUTS = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];

/** Steps whose losses are averaged into the training loss of the record. */
const LAST_STEPS = 100;

export function pretrainCommand(): Command {
  const command = new Command('pretrain')
    .description('Trains a model from its config alone and writes it as a Hugging Face folder.')
    .addHelpText('after', EXAMPLE);
  addOptions(command, PRETRAIN_OPTIONS);
  return command.action(async () => {
    const flags = resolveFlags(readOptions(command, PRETRAIN_OPTIONS));
    process.exitCode = await sayingFlags(PRETRAIN_OPTIONS, async () =>
      runPretrain({ ...flags, tokenizer: await locateTokenizer(flags.tokenizer) }),
    );
  });
}

/** @returns the exit code. */
async function runPretrain(flags: PretrainFlags): Promise<number> {
  checkFolder(flags);
  const inputs = await readInputs(flags);
  const description = describeRun('pretrain', process.argv.slice(3), flags.seed);
  const folder = flags.resume ? undefined : openRunFolder(flags.out, description);
  const lock = folder?.lock ?? lockFolder(flags.out);
  const progress = new TrainingProgress(process.stderr, flags.steps);
  inputs.definition.warnings.forEach(tellWarningOn(progress));
  progress.say(`${inputs.data.path}: ${inputs.data.sequences.tokensFound} tokens`);
  const engine = createOnnxEngine();
  const stops = watchStopSignals(
    () => progress.say('stopping after this step; Ctrl-C again ends at once'),
    () => {},
  );
  try {
    const { status, step, weights } = await pretrain({
      engine,
      definition: inputs.definition,
      sequences: inputs.data.sequences,
      settings: settingsOf(flags),
      identity: {
        config: inputs.configHash,
        data: inputs.data.sha256,
        tokens: inputs.data.sequences.sha256(),
      },
      directory: flags.out,
      lock,
      checkpointEvery: flags.checkpointEvery,
      resume: flags.resume,
      onWarning: tellWarningOn(progress),
      signal: stops.signal,
      onStep: (metrics) => progress.step(metrics),
    });
    progress.end();
    if (status === 'partial') {
      finishRun(flags.out, 'partial');
      progress.say(`stopped after step ${step} of ${flags.steps}: the same command with --resume goes on`);
      return EXIT_STOPPED;
    }
    await saveModel(flags.out, inputs.definition, inputs.config, weights, flags.saveType);
    await copyTokenizer(flags.tokenizer, flags.out);
    writePretrainRecord(flags.out, await makeRecord(engine, flags, inputs));
    finishRun(flags.out, 'complete');
    process.stdout.write(`${printable(flags.out)}\n`);
    tellNext([
      { command: rankscope('generate', flags.out, '--prompt', 'The '), why: 'hear it' },
      { command: rankscope('probe', flags.out, '--data', flags.data), why: 'what an adapter could reach' },
    ]);
    return 0;
  } catch (error) {
    progress.end();
    if (!hasCheckpoint(flags.out)) folder?.discard(OUTPUTS);
    throw error;
  } finally {
    stops.release();
    await engine.close();
  }
}

function checkFolder({ out, resume }: PretrainFlags): void {
  const hasOlder = hasAnyCheckpoint(out) && !hasCheckpoint(out);
  if (resume || hasOlder) refuseNothingToResume(out);
  if (resume || !hasAnyCheckpoint(out)) return;
  throw new UserError('output-exists', {
    what: `${out} holds the checkpoint of an earlier run.`,
    fix: 'add --resume to go on with it, or choose another folder with --out',
  });
}

function settingsOf(flags: PretrainFlags) {
  return {
    steps: flags.steps,
    batchSize: flags.batchSize,
    microBatchSize: flags.microBatch,
    learningRate: flags.learningRate,
    finalLearningRate: flags.minLr,
    warmup: flags.warmup,
    weightDecay: flags.weightDecay,
    clip: flags.clip,
    seed: flags.seed,
  };
}

/** What was trained, on what, and how well: losses are those of the weights as they were saved. */
async function makeRecord(
  engine: Engine,
  flags: PretrainFlags,
  { definition, data, evaluations }: PretrainInputs,
): Promise<PretrainRecord> {
  const checkpoint = await openCheckpoint(flags.out);
  const weights = Object.fromEntries(
    definition.weights.map(({ name }) => [name, readWeight(checkpoint, name)]),
  );
  const settings = settingsOf(flags);
  const measured = [];
  for (const { path, sha256, sequences } of evaluations) {
    const found = await evaluateLoss(engine, definition, weights, sequences, settings.microBatchSize);
    measured.push({ file: basename(path), sha256, ...found });
  }
  const recent = readMetrics(flags.out).slice(-LAST_STEPS);
  return {
    schema: 'rankscope.pretrain',
    version: 1,
    settings: { ...settings, seqLen: flags.seqLen, saveType: flags.saveType },
    data: {
      file: basename(data.path),
      sha256: data.sha256,
      tokens: data.sequences.tokensFound,
      sequences: data.sequences.count,
    },
    parameters: Object.values(weights).reduce((sum, { length }) => sum + length, 0),
    tokensSeen: flags.steps * flags.batchSize * flags.seqLen,
    trainingLoss: {
      loss: recent.reduce((sum, { loss }) => sum + loss, 0) / recent.length,
      steps: recent.length,
    },
    evaluations: measured,
  };
}

async function copyTokenizer(path: string, out: string): Promise<void> {
  await copyFile(path, join(out, 'tokenizer.json'));
  const config = 'tokenizer_config.json';
  await copyFile(join(dirname(path), config), join(out, config)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
