/** The learning rate of a run that was asked to find its own. */

import { type AutomaticRate, readTrainRecord, roundNumbers, type TrainSettings } from '../record/index.ts';
import { sampleBatches } from '../text/index.ts';
import { loadAdapterGradients } from './adapter-gradients.ts';
import { advisedRate, FIRST_STEP_BATCHES, measureFirstStep } from './learning-rate/index.ts';
import type { NamedArrays } from './named-arrays.ts';
import type { Begun, Run } from './train-run.ts';

/** Digits of what is kept of a measurement. */
const DIGITS = 5;

/** What an earlier process of this run chose; undefined before it did. */
export const keptRate = (directory: string): AutomaticRate | undefined =>
  readTrainRecord(directory).automaticRate;

/**
 * Measures on batches of the run's own size, drawn from its text, without dropout.
 *
 * @param mapped the saved adapter's file.
 * @throws UserError `learning-rate-unknown`, `text-too-short`.
 */
export async function findRate(
  { model, engine, settings, data, rng, memory }: Run,
  { adapter }: Begun,
  trained: NamedArrays,
  mapped: string,
): Promise<AutomaticRate> {
  const { batchSize, accumulation, seqLen } = settings;
  const batches = sampleBatches(data.sequences, {
    batchSize: batchSize * accumulation,
    count: FIRST_STEP_BATCHES,
    rng: rng.fork('learning rate'),
  });
  const pass = { batchSize, seqLen, dropout: 0, mapped, recomputed: memory.recomputed };
  const program = await loadAdapterGradients(engine, model, adapter.layers, pass);
  try {
    const first = await measureFirstStep(trained, batches, (batch) => program.run(batch, rng));
    const { learningRate, notes } = advisedRate(first, settings);
    const { step, agreement, waiting, passes } = first;
    return {
      learningRate,
      ...roundNumbers({ step: step!, agreement, waiting }, DIGITS),
      passes,
      notes: [...notes],
    };
  } finally {
    await program.release();
  }
}

/** The settings with the rate in numbers. */
export const withRate = (settings: TrainSettings, rate: AutomaticRate | undefined) => ({
  ...settings,
  learningRate: settings.learningRate === 'auto' ? rate!.learningRate : settings.learningRate,
});
