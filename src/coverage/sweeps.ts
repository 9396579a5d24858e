/** How calibration is divided: sweeps of passes over all batches, each for as many layers as memory allows. */
import { byteLength, estimatePeakBytes } from '../graph/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import type { Batch } from '../text/index.ts';
import { buildMomentsPass, type MomentsWanted } from './moments-pass.ts';
import { fitRecomputed } from './pass.ts';
import { panelEntries } from './upper-panels.ts';

/** What calibration may hold at once, bytes. */
export interface CalibrationRoom {
  /** Of moments. A model with more takes its layers in groups, one sweep for each. */
  readonly moments: number;
  /** Of a pass over several batches, beside the moments: the more it takes together, the less often it adds to them. */
  readonly together: number;
  /** Of any pass, beside the moments: one that needs more makes segments again. */
  readonly pass: number;
}

export const USUAL_ROOM: CalibrationRoom = {
  moments: 1.75 * 2 ** 30,
  together: 0.5 * 2 ** 30,
  pass: Number.POSITIVE_INFINITY,
};

/** The passes of one group of layers over all batches. */
export interface Sweep {
  readonly group: readonly LinearLayer[];
  /** Batches of a pass; it divides their number. */
  readonly together: number;
  /** Segments that a pass makes again. */
  readonly recomputed: number;
  /** Estimated bytes of the sums of moments, and of what a pass holds beside them. */
  readonly bytes: { readonly moments: number; readonly pass: number };
}

/** @param count batches of this size. */
export function planSweeps(
  model: Model,
  layers: readonly LinearLayer[],
  wanted: MomentsWanted,
  count: number,
  { sequences, seqLen }: Pick<Batch, 'sequences' | 'seqLen'>,
  room = USUAL_ROOM,
): Sweep[] {
  return layerGroups(layers, wanted, room).map((group) => {
    const passOf = (together: number, recomputed = 0) => {
      const { graph, segments } = buildMomentsPass(
        model,
        group,
        wanted,
        together * sequences,
        seqLen,
        recomputed,
      );
      const moments = [...graph.outputs].reduce(
        (sum, [name, value]) => sum + (name.includes('|') ? byteLength(value) : 0),
        0,
      );
      return { moments, pass: estimatePeakBytes(graph) - moments, segments };
    };
    const one = passOf(1);
    const { segments } = one;
    // As if no two layers shared their input.
    const bytes = one.moments + one.pass - group.reduce((sum, layer) => sum + momentBytes(layer, wanted), 0);
    const fits = Math.floor(Math.min(room.together, room.pass) / Math.max(1, bytes));
    const together = largestDivisor(count, fits);
    const ofPass = (count: number) => passOf(together, count).pass;
    const { recomputed } = fitRecomputed(segments, ofPass, room.pass);
    const { moments, pass } = passOf(together, recomputed);
    return { group, together, recomputed, bytes: { moments, pass } };
  });
}

/** Bytes of the wanted moments of a layer, in float32. */
export function momentBytes({ inFeatures: m, outFeatures: n }: LinearLayer, wanted: MomentsWanted): number {
  return 4 * ((wanted.gradient ? m * n : 0) + (wanted.second ? panelEntries(m) + panelEntries(n) : 0));
}

/** The layers in groups whose moments fit the room each. */
function layerGroups(
  layers: readonly LinearLayer[],
  wanted: MomentsWanted,
  room: CalibrationRoom,
): LinearLayer[][] {
  const groups: LinearLayer[][] = [];
  let left = 0;
  for (const layer of layers) {
    const bytes = momentBytes(layer, wanted);
    if (groups.length === 0 || bytes > left) {
      groups.push([]);
      left = room.moments;
    }
    groups.at(-1)!.push(layer);
    left -= bytes;
  }
  return groups;
}

/** The largest divisor of `count` that is at most `limit`, and 1 where none is. */
function largestDivisor(count: number, limit: number): number {
  const divisors = Array.from({ length: count }, (_, i) => i + 1).filter(
    (size) => count % size === 0 && size <= limit,
  );
  return divisors.at(-1) ?? 1;
}
