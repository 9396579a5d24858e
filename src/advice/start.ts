/** The adapter of an advice as it starts, and the learning rate that it wants. */
import { type Adapter, type LayerPlan, startAdapter, trainedArrays } from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import type { Model } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { type AdviceRecord, type AutomaticRate, roundNumbers } from '../record/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import {
  advisedRate,
  FIRST_STEP_BATCHES,
  type FirstStep,
  loadAdapterGradients,
  measureFirstStep,
} from '../training/index.ts';

/** More than any interval here resolves. */
const DIGITS = 5;

export interface Started {
  readonly adapter: Adapter;
  /** Null where the law does not know. */
  readonly rate: AutomaticRate | null;
  readonly notes: readonly string[];
}

type Run = Pick<AdviceRecord['settings'], 'steps' | 'schedule' | 'batchSize' | 'seqLen' | 'ridge' | 'seed'>;

/** @param batches of the run's own size, at least those of a first step. */
export async function startAndRate(
  model: Model,
  plans: readonly LayerPlan[],
  run: Run,
  batches: readonly Batch[],
): Promise<Started> {
  const engine = createOnnxEngine();
  const { batchSize, seqLen, ridge, seed } = run;
  const rng = createRng(seed);
  try {
    const making = { ridge, start: 'zero', rng, onProgress: () => {} } as const;
    const adapter = await startAdapter({ model, engine, plans, calibration: [], ...making });
    const pass = { batchSize, seqLen, dropout: 0 };
    const program = await loadAdapterGradients(engine, model, adapter.layers, pass);
    const first = await measureFirstStep(
      trainedArrays(adapter),
      batches.slice(0, FIRST_STEP_BATCHES),
      (batch) => program.run(batch, rng),
    );
    await program.release();
    return { adapter, ...rateOf(first, run) };
  } finally {
    await engine.close();
  }
}

function rateOf(first: FirstStep, { schedule, steps }: Run): Omit<Started, 'adapter'> {
  try {
    const { learningRate, notes } = advisedRate(first, { optimizer: 'adamw', schedule, steps });
    const { step, agreement, waiting, passes } = first;
    const figures = roundNumbers({ step: step!, agreement, waiting }, DIGITS);
    return { rate: { learningRate, ...figures, passes, notes: [...notes] }, notes };
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'learning-rate-unknown') throw error;
    return { rate: null, notes: [`The learning rate is not known: ${error.message.split('\n')[0]}.`] };
  }
}

/** Batches of so many of these, one after the other. */
export function joinLanes(batches: readonly Batch[], lanes: number): Batch[] {
  return Array.from({ length: Math.floor(batches.length / lanes) }, (_, index) => {
    const parts = batches.slice(index * lanes, (index + 1) * lanes);
    const { seqLen } = parts[0]!;
    const tokens = Int32Array.from(parts.flatMap((part) => [...part.tokens]));
    const lossMask = Uint8Array.from(parts.flatMap((part) => [...part.lossMask]));
    return { tokens, lossMask, sequences: tokens.length / seqLen, seqLen };
  });
}
