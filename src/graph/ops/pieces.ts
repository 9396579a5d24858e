/**
 * How long sums are emitted: in pieces. ONNX Runtime adds an axis up in a few chains, and a chain of n additions in
 * float32 can lose n · 6e-8 of the sum; sums of sums of short pieces cannot, and cost no more.
 */
import { int64, sizeOf } from '../../numeric/index.ts';
import type { Value } from '../graph.ts';
import type { Emission } from '../op.ts';

interface Lengths {
  /** Elements that one node may add, if nothing else needs to be done. */
  readonly whole: number;
  /** Elements that a node adds otherwise. */
  readonly piece: number;
}

/** Elements that lie side by side are added in 16 chains or more. */
const ADJACENT: Lengths = { whole: 1024, piece: 64 };
/** Others are added one after another, and so are all elements where one number is wanted. */
const APART: Lengths = { whole: 256, piece: 32 };

/** Below this share of a piece's length, a divisor makes too many pieces: the axis is padded instead. */
const SHORTEST = 1 / 8;

/**
 * Σ over axes as a chain of shorter sums with the given result shape; undefined where one node does as well.
 * Neighbouring axes are added as one.
 */
export function sumInPieces(
  x: Value,
  axes: readonly number[],
  shape: readonly number[],
): Emission | undefined {
  const runs = runsOf(axes);
  const extents = [...x.shape];
  let sum: Value | Emission = x;
  for (const { first, count } of runs.reverse()) {
    const outer = sizeOf(extents.slice(0, first));
    const n = sizeOf(extents.splice(first, count));
    const inner = sizeOf(extents.slice(first));
    if (runs.length === 1 && n <= lengths(outer, inner).whole) return undefined;
    sum = sumMiddle(sum, outer, n, inner);
  }
  return reshaped(sum, shape);
}

/** Axes that follow one another, together. */
function runsOf(axes: readonly number[]): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (const axis of axes) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === axis) last.count++;
    else runs.push({ first: axis, count: 1 });
  }
  return runs;
}

const lengths = (outer: number, inner: number): Lengths => (outer > 1 && inner === 1 ? ADJACENT : APART);

/**
 * Σ over the middle of [outer, n, inner]: [outer, inner]. An axis of extent 1 behind the one that is summed would make
 * the runtime take twenty times as long.
 */
function sumMiddle(x: Value | Emission, outer: number, n: number, inner: number): Emission {
  const { piece } = lengths(outer, inner);
  const last = inner === 1 ? [] : [inner];
  if (n <= piece) return summed(reshaped(x, [outer, n, ...last]), 1);
  const divisor = largestDivisor(n, piece);
  if (divisor >= piece * SHORTEST) {
    const pieces = reshaped(x, [outer, n / divisor, divisor, ...last]);
    return sumMiddle(summed(pieces, 2), outer, n / divisor, inner);
  }
  const padding = piece - (n % piece);
  const padded: Emission = {
    type: 'Pad',
    inputs: [reshaped(x, [outer, n, inner]), int64([6], [0, 0, 0, 0, padding, 0])],
  };
  return sumMiddle(padded, outer, n + padding, inner);
}

function largestDivisor(n: number, atMost: number): number {
  let divisor = atMost;
  while (n % divisor !== 0) divisor--;
  return divisor;
}

const summed = (x: Emission, axis: number): Emission => ({
  type: 'ReduceSum',
  inputs: [x, int64([1], [axis])],
  attributes: { keepdims: 0 },
});

const reshaped = (x: Value | Emission, shape: readonly number[]): Emission => ({
  type: 'Reshape',
  inputs: [x, int64([shape.length], shape)],
  attributes: { allowzero: 1 },
});
