/** Ranks under a budget that differ from layer to layer: what held-out ν alone would give. */
import { atRank, type NaturalCurves } from '../coverage/index.ts';

export interface Allocation {
  /** Rank of the core by layer; 0 for none. */
  readonly ranks: ReadonlyMap<string, number>;
  readonly parameters: number;
  /** Σ held-out ν. */
  readonly natural: number;
  /** No allocation within the budget has more than this above it. */
  readonly gap: number;
}

interface Piece {
  readonly layer: string;
  readonly rank: number;
  readonly cost: number;
  readonly gain: number;
}

/**
 * Cores of the most Σ held-out ν within a number of parameters. Each layer's ν over its K² parameters is replaced by the
 * smallest concave curve above it, whose pieces are taken by what they give per parameter until one does not fit: what
 * that one would have given for the rest of the budget bounds how far the result is from the best.
 */
export function allocate(curves: ReadonlyMap<string, NaturalCurves>, budget: number): Allocation {
  const pieces = [...curves].flatMap(([layer, { heldOut }]) => concavePieces(layer, heldOut));
  pieces.sort((a, b) => b.gain / b.cost - a.gain / a.cost);
  const ranks = new Map([...curves.keys()].map((layer) => [layer, 0]));
  let [parameters, gap] = [0, 0];
  for (const { layer, rank, cost, gain } of pieces) {
    if (parameters + cost > budget) {
      gap = (gain / cost) * (budget - parameters);
      break;
    }
    ranks.set(layer, rank);
    parameters += cost;
  }
  const natural = [...ranks].reduce(
    (sum, [layer, rank]) => sum + (rank === 0 ? 0 : atRank(curves.get(layer)!.heldOut, rank)),
    0,
  );
  return { ranks, parameters, natural, gap };
}

/** The rising edges of the concave hull of (K², ν(K)) from (0, 0), in order. */
function concavePieces(layer: string, heldOut: Float64Array): Piece[] {
  const hull: { rank: number; value: number }[] = [{ rank: 0, value: 0 }];
  heldOut.forEach((value, index) => {
    const rank = index + 1;
    const slope = (a: { rank: number; value: number }) => (value - a.value) / (rank ** 2 - a.rank ** 2);
    while (hull.length > 1) {
      const [before, last] = [hull.at(-2)!, hull.at(-1)!];
      const own = (last.value - before.value) / (last.rank ** 2 - before.rank ** 2);
      if (own > slope(last)) break;
      hull.pop();
    }
    hull.push({ rank, value });
  });
  return hull.slice(1).flatMap(({ rank, value }, index) => {
    const before = hull[index]!;
    const gain = value - before.value;
    return gain > 0 ? [{ layer, rank, cost: rank ** 2 - before.rank ** 2, gain }] : [];
  });
}
