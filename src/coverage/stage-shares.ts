/** How the work of a probe is divided among its stages, before it begins: so that the time left can be told for all. */

import type { Model } from '../models/index.ts';
import { isDrawn } from '../record/index.ts';
import { isDataDriven } from './bases.ts';
import { frameRank } from './frame.ts';
import type { FramePlan } from './make-frames.ts';
import type { ProbePart } from './memory-plan.ts';
import type { StageShares } from './options.ts';
import type { ProbeSettings } from './settings.ts';

/** Multiplications of a frame that count as much as one of a pass: small products, and decompositions between them. */
const FRAME_PACE = 2;
/** Products with the Gram matrix of a shorter side until a frame's columns have emerged. */
const ITERATIONS = 100;
/** Results cost this share of the passes, beside whitening. */
const RESULTS = 0.04;

/** Shares of all stages, which add up to 1, by their work; those of a stage that does nothing are 0. */
export function stageShares(...probe: Parameters<typeof probeWork>): StageShares {
  const work = probeWork(...probe);
  const all = work.calibration + work.frames + work.measuring + work.summary;
  return {
    calibration: work.calibration / all,
    frames: work.frames / all,
    measuring: work.measuring / all,
    summary: work.summary / all,
  };
}

/** Floating-point operations of every stage, those of decompositions counted by how long they take. */
export function probeWork(
  model: Model,
  parts: readonly ProbePart[],
  plans: readonly FramePlan[],
  settings: ProbeSettings,
): Record<keyof StageShares, number> {
  const rank = settings.ranks.at(-1)!;
  const tokens = settings.batchSize * settings.seqLen;
  const { hiddenSize, vocabularySize } = model.definition;
  const body =
    4 *
    (hiddenSize * vocabularySize +
      sum(model.definition.layers, ({ inFeatures, outFeatures }) => inFeatures * outFeatures));
  const dataDriven = plans.some(({ rule }) => isDataDriven(rule));
  const natural = plans.some(({ rule }) => rule.moments.second);
  const found = plans.filter(({ basis, file }) => file === undefined && !isDrawn(basis)).length;
  const work = { calibration: 0, frames: 0, measuring: 0, summary: 0 };
  for (const { layers, sweeps } of parts) {
    work.calibration += settings.calibrationBatches * tokens * body * (dataDriven ? sweeps.length : 0);
    work.measuring += settings.batches * tokens * body;
    for (const layer of layers) {
      const { inFeatures: m, outFeatures: n } = layer;
      const k = frameRank(layer, rank);
      const short = Math.min(m, n);
      if (dataDriven)
        work.calibration +=
          settings.calibrationBatches * tokens * 2 * (m * n + (natural ? m * m + n * n : 0));
      work.frames += FRAME_PACE * found * (2 * m * n * short + 2 * ITERATIONS * short * short * k);
      if (natural) work.frames += FRAME_PACE * (m ** 3 + n ** 3 + 2 * m * n * (m + n));
      const ofToken = 4 * plans.length * k * (m + n + 2 * k) + 2 * Math.min(m * n, tokens * (m + n));
      work.measuring += settings.batches * tokens * ofToken;
      if (settings.natural) work.summary += 4 * plans.length * settings.batches * k ** 3;
    }
  }
  work.summary += RESULTS * work.measuring;
  return work;
}

const sum = <T>(items: readonly T[], read: (item: T) => number): number =>
  items.reduce((total, item) => total + read(item), 0);
