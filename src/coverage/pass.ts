/** One pass: the losses of several batches side by side, with both sides of every layer of interest. */
import { remake } from '../autodiff/index.ts';
import { Graph } from '../graph/index.ts';
import { buildLoss, type LossShape, lossGradients, type Model, type StoredLayer } from '../models/index.ts';
import type { LayerSides } from './collect.ts';

/** A graph under construction, with the sides of the layers that somebody wants to measure. */
export interface Pass {
  readonly graph: Graph;
  readonly layers: readonly LayerSides[];
  /** Most that {@link LossShape.recomputed} can be. */
  readonly segments: number;
}

/** Output of every pass: the mean loss of each lane's batch. */
export const LOSS = 'loss';

/** Forward pass, losses, and the output gradients of the given layers. No weight gradient is formed. */
export function buildPass(model: Model, layers: readonly StoredLayer[], shape: LossShape): Pass {
  const graph = new Graph();
  const loss = buildLoss(model.definition, model.weights(graph), graph, shape);
  const names = new Set(layers.map(({ name }) => name));
  const measured = loss.traces.filter(({ layer }) => names.has(layer.name));
  const outputGradients = lossGradients(
    loss,
    measured.map(({ y }) => y),
  );
  graph.output(LOSS, loss.laneLosses);
  return {
    graph,
    segments: loss.segments,
    layers: measured.map(({ layer, x, y }, index) => ({
      name: layer.name,
      x: remake(x),
      y: remake(y),
      dy: outputGradients[index]!,
    })),
  };
}

/** Numbers of recomputed segments that are tried: all small ones, then steps of about a quarter. */
function triedCounts(segments: number): number[] {
  const counts = new Set<number>();
  for (let count = 0; count < segments; count += Math.max(1, Math.floor(count / 4))) counts.add(count);
  // The last segments are needed at once: to make them again may take more than to keep them.
  for (const count of [segments - 2, segments - 1, segments]) if (count >= 0) counts.add(count);
  return [...counts].toSorted((a, b) => a - b);
}

/**
 * About the fewest segments that have to be made again for a pass to keep within `limit` bytes, or the number that
 * takes the least memory where none does.
 *
 * @param bytesOf a pass with so many.
 */
export function fitRecomputed(
  segments: number,
  bytesOf: (recomputed: number) => number,
  limit: number,
): { recomputed: number; bytes: number } {
  let best = { recomputed: 0, bytes: Number.POSITIVE_INFINITY };
  for (const recomputed of triedCounts(segments)) {
    const bytes = bytesOf(recomputed);
    if (bytes < best.bytes) best = { recomputed, bytes };
    if (bytes <= limit) return best;
  }
  return best;
}
