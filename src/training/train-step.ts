/** The gradient of one step, checked to be finite. */

import type { LayerAdapter } from '../adapters/index.ts';
import type { Batch, Model } from '../models/index.ts';
import type { Rng } from '../numeric/index.ts';
import type { Engine } from '../runtime/index.ts';
import { clipByGlobalNorm } from './clip.ts';
import { firstBrokenLayer, firstNotFinite, trainingDiverged } from './train-diagnosis.ts';
import type { AdapterGradients } from './train-program.ts';

export interface StepContext {
  readonly engine: Engine;
  readonly model: Model;
  readonly layers: readonly LayerAdapter[];
  readonly program: AdapterGradients;
  readonly batchSize: number;
  /** Largest norm of all gradients together; null for no limit. */
  readonly clip: number | null;
}

export interface StepGradient {
  readonly loss: number;
  /** Clipped, by tensor name. */
  readonly gradients: Record<string, Float32Array>;
  /** Before clipping. */
  readonly gradientNorm: number;
}

/**
 * @param lastGood the step of the checkpoint that is kept when this one fails.
 * @throws UserError `training-diverged`, naming the step and the layer.
 */
export async function stepGradient(
  { engine, model, layers, program, batchSize, clip }: StepContext,
  { step, batch, rng, lastGood }: { step: number; batch: Batch; rng: Rng; lastGood: number },
): Promise<StepGradient> {
  const { loss, gradients } = await program.run(batch, rng);
  const gradientNorm = clipByGlobalNorm(gradients, clip ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(loss)) {
    const layer = await firstBrokenLayer(engine, model, layers, batch, batchSize);
    throw trainingDiverged(step, layer ?? 'the head of the model', { loss, gradientNorm }, lastGood);
  }
  if (!Number.isFinite(gradientNorm)) {
    const layer = firstNotFinite(gradients) ?? 'the sum of all gradients';
    throw trainingDiverged(step, layer, { loss, gradientNorm }, lastGood);
  }
  return { loss, gradients, gradientNorm };
}
