/** How many directions a matrix really uses, by three definitions. */
import { invariant } from '../errors/index.ts';

/** Three effective ranks of one matrix; each is 1 for rank one and n for n equal singular values. */
export interface EffectiveRank {
  /** exp(−Σ pᵢ ln pᵢ) with pᵢ = σᵢ / Σσ (Roy & Vetterli, 2007). */
  readonly entropic: number;
  /** ‖G‖_F² / σ₁². */
  readonly stable: number;
  /** (Σσ²)² / Σσ⁴. */
  readonly participation: number;
}

/** The effective ranks of a matrix with these singular values, in any order; a zero matrix has rank 0. */
export function effectiveRank(singularValues: ArrayLike<number>): EffectiveRank {
  const values = Array.from(singularValues);
  invariant(
    values.every((value) => value >= 0 && Number.isFinite(value)),
    'singular values are finite and not negative',
  );
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0) return { entropic: 0, stable: 0, participation: 0 };

  // Relative to σ₁, so that squares and fourth powers neither overflow nor vanish as a whole.
  const relative = values.map((value) => value / largest);
  const sum = relative.reduce((a, b) => a + b, 0);
  const squares = relative.reduce((a, b) => a + b ** 2, 0);
  const fourths = relative.reduce((a, b) => a + b ** 4, 0);
  const entropy = relative.reduce((a, b) => (b === 0 ? a : a - (b / sum) * Math.log(b / sum)), 0);
  return { entropic: Math.exp(entropy), stable: squares, participation: squares ** 2 / fourths };
}
