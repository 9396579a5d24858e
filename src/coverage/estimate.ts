/** How much memory a probe will need, before it starts. */
import { byteLength, estimatePeakBytes } from '../graph/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { type FrameSet, frameRank } from './frame.ts';
import { type FramePlan, momentsFor } from './make-frames.ts';
import { buildMeasuringPass, measurePlan } from './measure.ts';
import { batchesTogether, buildMomentsPass, layerGroups } from './moments.ts';
import type { ProbeSettings } from './settings.ts';

/** Node, the engine and their libraries, with a text and its tokens. */
const PROCESS_BYTES = 240 * 2 ** 20;

/** Bytes that a byte of a text takes while it becomes tokens: itself, its characters, words, ids, masks; measured. */
const TEXT_COPIES = 8;

/** Of the outputs of a pass: in the engine, here, and those of the pass before until they are collected. */
const OUTPUT_COPIES = 3;

/** What allocators keep beyond what is in use; measured on the models of the README. */
const SLACK = 1.2;

/**
 * An upper estimate of the peak memory, bytes: the process, the mapped weights and frames, what the passes keep, and
 * the larger of the two kinds of pass with its outputs; or reading a text of `textBytes`, if that takes more.
 */
export function estimateMemory(
  model: Model,
  layers: readonly LinearLayer[],
  plans: readonly FramePlan[],
  settings: ProbeSettings,
  textBytes: number,
): number {
  const rank = settings.ranks.at(-1)!;
  const sets: FrameSet[] = plans.map((plan) => ({
    ...plan,
    frames: new Map(layers.map((layer) => [layer.name, unplaced(plan.label, layer, frameRank(layer, rank))])),
  }));
  const plan = measurePlan(settings, createRng(0));
  const passPlan = { ...plan, spectra: true };
  const measuring = buildMeasuringPass(model, layers, sets, settings, passPlan).graph;
  const outputs = [...measuring.outputs.values()].reduce((sum, value) => sum + byteLength(value), 0);
  const frameBytes = layers.reduce((sum, layer) => {
    const k = frameRank(layer, rank);
    return sum + 4 * k * (layer.inFeatures + layer.outFeatures) * plans.length;
  }, 0);
  const keptCores = settings.natural
    ? layers.reduce((sum, layer) => sum + frameRank(layer, rank) ** 2, 0) *
      plans.length *
      (4 * settings.batches + 48)
    : 0;
  const moments = (wanted: { gradient: boolean; second: boolean }, batchCount: number) => {
    if (!wanted.gradient && !wanted.second) return 0;
    const groups = layerGroups(layers, wanted).map((group) => {
      const { batchSize, seqLen } = settings;
      const batch = { sequences: batchSize, seqLen };
      const together = batchesTogether(model, group, wanted, batchCount, batch);
      return estimatePeakBytes(buildMomentsPass(model, group, wanted, together * batchSize, seqLen).graph);
    });
    return Math.max(...groups);
  };
  // Frames are made in float64 and written in float32.
  const framing = moments(momentsFor(settings.bases), settings.calibrationBatches) + 3 * frameBytes;
  const passes = estimatePeakBytes(measuring) + (OUTPUT_COPIES - 1) * outputs + keptCores;
  const measured = model.weightBytes + frameBytes + Math.max(framing, passes);
  return Math.round(SLACK * (PROCESS_BYTES + Math.max(measured, TEXT_COPIES * textBytes)));
}

function unplaced(label: string, { name, inFeatures, outFeatures }: LinearLayer, rank: number) {
  const side = (part: 'u' | 'v', rows: number) => ({
    name: `${label}/${name}/${part}`,
    shape: [rows, rank] as const,
    data: { path: '', offset: 0, length: 0 },
  });
  return { rank, u: side('u', inFeatures), v: side('v', outFeatures) };
}
