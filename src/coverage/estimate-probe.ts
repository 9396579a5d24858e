/** What a probe will take, told before anything of the model is read. */
import type { Model } from '../models/index.ts';
import { planMemory } from './memory-plan.ts';
import type { ProbeOptions } from './options.ts';
import { resolveProbe } from './settings.ts';
import { probeWork } from './stage-shares.ts';

const BOUNDLESS = { bytes: Number.POSITIVE_INFINITY, whence: '', asked: false };

/** Peak memory where nothing has to be computed in parts, and floating-point operations. */
export function estimateProbe(model: Model, options: ProbeOptions) {
  const { settings, layers, plans } = resolveProbe(model, options);
  const { parts, estimatedBytes } = planMemory({ model, layers, plans, settings }, 0, BOUNDLESS);
  const work = probeWork(model, parts, plans, settings);
  return {
    of: `${settings.batches} + ${settings.calibrationBatches} batches of ${settings.batchSize}×${settings.seqLen}, ranks to ${settings.ranks.at(-1)}`,
    bytes: estimatedBytes,
    operations: Object.values(work).reduce((sum, one) => sum + one, 0),
  };
}
