/** How many parameters an arm needs to reach a loss, read off its losses at several ranks. */

/** One point of a curve of losses over parameters. */
export interface CurvePoint {
  readonly parameters: number;
  /** Held-out, nats per token. */
  readonly loss: number;
}

export interface Need {
  readonly parameters: number;
  /** The curve begins below the loss, or ends above it: its first or last point then stands for the need. */
  readonly outside: 'below' | 'above' | null;
}

/**
 * The fewest parameters at which the curve is at the loss or below, linear in ln(parameters) between its points.
 * Where the curve does not reach the loss, the need is at least its last point; where it begins below, at most its
 * first.
 *
 * @param curve ascending in parameters, one point at least.
 */
export function parametersForLoss(curve: readonly CurvePoint[], loss: number): Need {
  const at = curve.findIndex((point) => point.loss <= loss);
  if (at === -1) return { parameters: curve.at(-1)!.parameters, outside: 'above' };
  const reached = curve[at]!;
  if (at === 0) {
    return { parameters: reached.parameters, outside: reached.loss < loss ? 'below' : null };
  }
  const before = curve[at - 1]!;
  const share = (before.loss - loss) / (before.loss - reached.loss);
  const ln = Math.log(before.parameters) + share * Math.log(reached.parameters / before.parameters);
  return { parameters: Math.exp(ln), outside: null };
}
