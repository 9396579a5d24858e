/** Every rank at once, in a graph: what each leading block of a square has more than the one before. */
import { add, cast, mul, reduceSum, type Value } from '../graph/index.ts';
import { float32 } from '../numeric/index.ts';

/**
 * Of values [..., K, K], for k = 1 … K the sum of what the leading k×k block adds to the one before: the entries left of
 * the k-th on the diagonal, itself, and those above it. [..., K]; a running sum gives the blocks.
 */
export function shellSums(values: Value): Value {
  const k = values.shape.at(-1)!;
  const part = (axis: number, belongs: (i: number, j: number) => boolean) => {
    const mask = Float32Array.from({ length: k * k }, (_, at) => Number(belongs(Math.floor(at / k), at % k)));
    const constant = values.graph.constant(float32([k, k], mask));
    return reduceSum(mul(values, cast(constant, values.dtype)), [axis]);
  };
  return add(
    part(-1, (i, j) => j <= i),
    part(-2, (i, j) => i < j),
  );
}
