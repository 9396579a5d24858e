/** The frames that an adapter is made from: of a basis, or out of a file. */
import { type Frame, makeFrames, type Progress, planFrames } from '../coverage/index.ts';
import type { Batch, Model } from '../models/index.ts';
import type { Rng } from '../numeric/index.ts';
import type { Engine } from '../runtime/index.ts';
import { type LayerPlan, needsFrame } from './adapters/start.ts';

export interface TrainFrameInputs {
  readonly model: Model;
  readonly engine: Engine;
  readonly plans: readonly LayerPlan[];
  readonly calibration: readonly Batch[];
  readonly ridge: number;
  readonly rng: Rng;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Layer name → frame, for the layers whose adapters need one.
 *
 * @throws UserError `basis-unknown`, `frames-missing`, `frames-ambiguous`.
 */
export async function trainFrames(inputs: TrainFrameInputs): Promise<Map<string, Frame>> {
  const needed = inputs.plans.filter(({ family, basis }) => needsFrame(family, basis));
  const groups = [...new Set(needed.map(({ basis }) => basis))].map((basis) => {
    const group = needed.filter((plan) => plan.basis === basis);
    const layers = group.map(({ layer }) => layer);
    const rank = Math.max(...group.map((plan) => plan.rank));
    // Planned before any is made, so that a mistake in the last of them shows at once.
    return { layers, rank, plans: planFrames([basis], 1, layers) };
  });
  const frames = new Map<string, Frame>();
  for (const group of groups) {
    const [set] = await makeFrames({ ...inputs, ...group });
    for (const [layer, frame] of set!.frames) frames.set(layer, frame);
  }
  return frames;
}
