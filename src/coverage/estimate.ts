/** How much memory a part of a probe will need, before it starts. */
import { byteLength, estimatePeakBytes, mappedBytes } from '../graph/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { ENGINE_SLACK } from '../runtime/index.ts';
import { type FrameSet, frameRank } from './frame.ts';
import { wholeColumns } from './frames-cache.ts';
import { type FramePlan, LAYERS_AT_A_TIME, momentsFor } from './make-frames.ts';
import { buildMeasuringPass, measurePlan } from './measure.ts';
import { staysInEngine } from './natural-sums.ts';
import type { ProbeSettings } from './settings.ts';
import type { Sweep } from './sweeps.ts';

/** Of the outputs of a pass: those of the pass before are there until they are collected. */
const OUTPUT_COPIES = 2;

/** Bytes of a layer's frames of all sets, in float32. */
function frameBytes({ inFeatures, outFeatures }: LinearLayer, rank: number, sets: number): number {
  return 4 * frameRank({ inFeatures, outFeatures }, rank) * (inFeatures + outFeatures) * sets;
}

/**
 * What finding the frames of a layer takes, beside its moments and the frames. For natural ones the rows of both
 * eliminations, and copies of them; the weight and its Gram matrix for the others.
 */
function findingBytes({ inFeatures: m, outFeatures: n }: LinearLayer, natural: boolean): number {
  const short = Math.min(m, n);
  const plain = 8 * m * n + 24 * short ** 2;
  if (!natural) return plain;
  const rows = 2 * (m ** 2 + n ** 2) + 8 * m * n;
  const copies = 2 * (Math.max(m, n) + short) ** 2;
  return Math.max(plain, rows + copies + 4 * m * n);
}

/** Bytes that a part of the layers takes at once while it is calibrated and framed. */
export function estimateFraming(
  weightBytes: number,
  plans: readonly FramePlan[],
  rank: number,
  layers: readonly LinearLayer[],
  sweeps: readonly Sweep[],
): number {
  const needsMoments = momentsFor(plans.map(({ rule }) => rule));
  // In float64 until all are there, then in float32 as well to be written.
  const madeOf = (some: readonly LinearLayer[]) =>
    some.reduce((sum, layer) => sum + 2 * frameBytes(layer, wholeColumns(rank), plans.length), 0);
  const finding = layers.map((layer) => findingBytes(layer, needsMoments.second)).toSorted((a, b) => b - a);
  const found = ENGINE_SLACK * finding.slice(0, LAYERS_AT_A_TIME).reduce((sum, bytes) => sum + bytes, 0);
  let made = 0;
  const ofSweeps = sweeps.map(({ group, bytes }) => {
    const before = made;
    made += madeOf(group);
    const calibrating = weightBytes + bytes.moments + ENGINE_SLACK * bytes.pass;
    return Math.max(before + calibrating, made + bytes.moments + found);
  });
  const all = madeOf(layers);
  return Math.max(...ofSweeps, all + found, 1.5 * all);
}

/** Bytes that a part of the layers takes while it is measured, and of them those of mapped files. */
export function estimateMeasuring(
  model: Model,
  plans: readonly FramePlan[],
  settings: ProbeSettings,
  layers: readonly LinearLayer[],
  recomputed: number,
): { bytes: number; weightBytes: number; segments: number } {
  const rank = settings.ranks.at(-1)!;
  const sets: FrameSet[] = plans.map((plan) => ({
    ...plan,
    frames: new Map(layers.map((layer) => [layer.name, unplaced(plan.label, layer, frameRank(layer, rank))])),
  }));
  const plan = { ...measurePlan(settings, createRng(0)), summed: true, spectra: true };
  const { graph, segments } = buildMeasuringPass(model, layers, sets, settings, plan, recomputed);
  const mapped = [...mappedBytes(graph).values()].reduce((sum, bytes) => sum + bytes, 0);
  const frames = layers.reduce((sum, layer) => sum + frameBytes(layer, rank, plans.length), 0);
  const outputs = [...graph.outputs]
    .filter(([name]) => !staysInEngine(name))
    .reduce((sum, [, value]) => sum + byteLength(value), 0);
  const cores = settings.natural
    ? 4 *
      layers.reduce((sum, layer) => sum + frameRank(layer, rank) ** 2, 0) *
      plans.length *
      settings.batches
    : 0;
  const pass = ENGINE_SLACK * estimatePeakBytes(graph) + (OUTPUT_COPIES - 1) * outputs;
  return { bytes: mapped + pass + cores, weightBytes: mapped - frames, segments };
}

/** What is left of the layers once they are measured. */
export function estimateResults(
  { families, batches, ranks }: ProbeSettings,
  layers: readonly LinearLayer[],
  sets: number,
): number {
  const rank = ranks.at(-1)!;
  const columns = layers.reduce((sum, layer) => sum + frameRank(layer, rank), 0);
  return 8 * columns * sets * ((families.length + 1) * 1.5 * batches + batches / 2 + 4);
}

function unplaced(label: string, { name, inFeatures, outFeatures }: LinearLayer, rank: number) {
  const side = (part: 'u' | 'v', rows: number) => ({
    name: `${label}/${name}/${part}`,
    shape: [rows, rank] as const,
    data: { path: '', offset: 0, length: 0 },
  });
  return { rank, u: side('u', inFeatures), v: side('v', outFeatures) };
}
