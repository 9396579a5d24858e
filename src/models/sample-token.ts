/** Drawing a token from logits. */
import type { Rng } from '../numeric/index.ts';

export interface SampleOptions {
  /** Divides the logits; 0 takes the likeliest token. */
  readonly temperature: number;
  /** Only the likeliest tokens whose probabilities add up to this are drawn from (Holtzman et al. 2020); 1: all. */
  readonly topP: number;
}

/** The index of one entry of `logits`, drawn by its softmax. */
export function sampleToken(logits: Float32Array, { temperature, topP }: SampleOptions, rng: Rng): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  if (temperature === 0) return best;
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - logits[best]!) / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const order = [...weights.keys()]
    .filter((id) => weights[id]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b);
  // At least one token, and so many that their share reaches topP.
  let kept = 0;
  let mass = 0;
  while (kept === 0 || (kept < order.length && mass < topP * total)) mass += weights[order[kept++]!]!;
  let rest = rng.uniform() * mass;
  for (const token of order.slice(0, kept)) {
    rest -= weights[token]!;
    if (rest < 0) return token;
  }
  return order[kept - 1]!; // rounding can leave a remainder
}
