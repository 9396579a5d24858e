/** The adapter of a plan at its start, in frames of the plan's bases or out of files. */
import {
  type CalibrationRoom,
  type Frame,
  makeFrames,
  type Progress,
  planFrames,
} from '../coverage/index.ts';
import type { Model } from '../models/index.ts';
import type { Rng } from '../numeric/index.ts';
import type { Engine } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import type { Adapter } from './adapter.ts';
import { createAdapter, type LayerPlan, needsFrame, type StartOptions, startLayerAdapter } from './start.ts';

export interface PlanInputs {
  readonly model: Model;
  readonly engine: Engine;
  readonly plans: readonly LayerPlan[];
  /** Batches that data-driven bases are made from; none where no basis needs any. */
  readonly calibration: readonly Batch[];
  /** What calibration may hold at once; default what a probe usually does. */
  readonly room?: CalibrationRoom;
  /** λ of natural frames. */
  readonly ridge: number;
  readonly start: StartOptions['start'];
  readonly rng: Rng;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * A new adapter of a model with an update of zero, unless noise is asked for.
 *
 * @throws UserError `basis-unknown`, `frames-missing`, `frames-ambiguous`.
 */
export async function startAdapter(inputs: PlanInputs): Promise<Adapter> {
  const { model, plans, start, rng } = inputs;
  const frames = await framesOf(inputs);
  const layers = plans.map((plan) => {
    const frame = frames.get(plan.layer.name) ?? null;
    // A frame can be narrower than was asked for: LoRA-GA's is at most half of the layer's smaller side.
    const rank = frame === null ? plan.rank : Math.min(plan.rank, frame.u.cols, frame.v.cols);
    return startLayerAdapter({ ...plan, rank }, frame, { start, rng: rng.fork(`start/${plan.layer.name}`) });
  });
  return createAdapter(model, layers);
}

/** Layer name → frame, for the layers whose adapters need one. */
async function framesOf({ plans, rng, ...inputs }: PlanInputs): Promise<Map<string, Frame>> {
  const needed = plans.filter(({ family, basis }) => needsFrame(family, basis));
  const groups = [...new Set(needed.map(({ basis }) => basis))].map((basis) => {
    const group = needed.filter((plan) => plan.basis === basis);
    const layers = group.map(({ layer }) => layer);
    const rank = Math.max(...group.map((plan) => plan.rank));
    // Planned before any is made, so that a mistake in the last of them shows at once.
    return { layers, rank, plans: planFrames([basis], 1, layers) };
  });
  const draws = rng.fork('frames');
  const frames = new Map<string, Frame>();
  for (const group of groups) {
    const [set] = await makeFrames({ ...inputs, ...group, rng: draws });
    for (const [layer, frame] of set!.frames) frames.set(layer, frame);
  }
  return frames;
}
