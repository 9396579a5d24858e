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

/**
 * The fewest segments that have to be made again for a pass to fit; null when it does not fit even with all.
 *
 * @param bytes of the pass, which fall with the segments that are made again.
 */
export function fewestRecomputed(
  segments: number,
  bytes: (recomputed: number) => number,
  limit: number,
): number | null {
  if (bytes(0) <= limit) return 0;
  if (bytes(segments) > limit) return null;
  let [tooFew, enough] = [0, segments];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (bytes(middle) <= limit) enough = middle;
    else tooFew = middle;
  }
  return enough;
}
