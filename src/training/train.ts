/** Training an adapter: the base weights stay what they are. */
import { readPlan, uniformPlan } from '../adapters/index.ts';
import { lockFolder, makeFolder } from '../files/index.ts';
import type { Model } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import type { TrainSettings } from '../record/index.ts';
import { createOnnxEngine, memoryBound } from '../runtime/index.ts';
import type { ReadSequences, TextPaths } from '../text/index.ts';
import { FIRST_STEP_BATCHES } from './learning-rate/index.ts';
import { readTrainData } from './train-data.ts';
import { planTraining } from './train-memory.ts';
import { resolveTrainOptions, type TrainOptions } from './train-options.ts';
import { runTraining, type TrainResult } from './train-run.ts';

/**
 * Trains an adapter on the text of a file and leaves it in `options.directory`: `adapter.json` with
 * `adapter.safetensors` (see `loadAdapter`), `checkpoint.safetensors`, `metrics.jsonl` and `train.json`.
 *
 * A resumed run gives the same numbers, bit for bit, as one that was never interrupted.
 *
 * @throws UserError when an option is out of range or does not fit the model, a text is missing or too short, the
 *   plan names missing layers, the checkpoint is of another run, it does not fit into memory (`memory-bound`), or a number is no longer finite
 *   (`training-diverged`, naming step and layer; the last checkpoint is kept).
 *
 * @example
 * ```ts
 * const { record } = await train(model, 'notes.txt', { directory: 'runs/first', rank: 16, steps: 100 });
 * console.log(record.status);
 * ```
 */
export async function train(
  model: Model,
  text: TextPaths | ReadSequences,
  options: TrainOptions,
): Promise<TrainResult> {
  const resolved = resolveTrainOptions(model, options);
  const { layers } = model.definition;
  const plan =
    options.plan === undefined
      ? uniformPlan(layers, resolved, options.rank)
      : readPlan(options.plan, layers, resolved.scale);
  const { seqLen, pack } = resolved;
  const perStep = resolved.batchSize * resolved.accumulation;
  // Coverage is measured on two batches of the text.
  const least = Math.max(
    perStep,
    resolved.coverageEvery === null ? 0 : 2 * resolved.batchSize,
    resolved.learningRate === 'auto' ? FIRST_STEP_BATCHES * perStep : 0,
  );
  const { textField, promptField, completionField, chatTemplate } = options;
  const reading = { textField, promptField, completionField, chatTemplate, seqLen, pack };
  const data = await readTrainData(model, text, { ...reading, least });
  const evalData =
    options.evalData === undefined
      ? null
      : await readTrainData(model, options.evalData, { ...reading, least: 1 });
  options.onReceipt?.(data.record.path, data.receipt);
  if (evalData !== null) options.onReceipt?.(options.evalData!, evalData.receipt);
  const epoch = data.sequences.count / perStep;
  const steps = options.steps ?? Math.max(1, Math.floor((options.epochs ?? 1) * epoch));
  const settings: TrainSettings = { ...resolved, steps, plan: plan.sha256 };
  const memory = planTraining(model, plan.layers, settings, memoryBound(options.memory));
  options.onMemory?.(memory);
  makeFolder(options.directory);
  const lock = options.lock ?? lockFolder(options.directory);
  const engine = createOnnxEngine();
  try {
    const rng = createRng(settings.seed);
    return await runTraining({ model, options, settings, plan, data, evalData, engine, rng, memory });
  } finally {
    await engine.close();
    if (options.lock === undefined) lock.release();
  }
}
