/** Adapter families: how many parameters they train, and how much of a random direction they reach. */
import type { Family } from '../record/index.ts';

/**
 * Dimension of the tangent space of a family at rank K, which is its number of trainable parameters; W is m×n.
 * `factors` counts B and A less the K² directions that both can make.
 */
export function dimension(family: Family, m: number, n: number, rank: number): number {
  switch (family) {
    case 'core':
      return rank * rank;
    case 'diagonal':
      return rank;
    case 'left':
      return rank * n;
    case 'right':
      return m * rank;
    case 'factors':
      return rank * (m + n - rank);
  }
}

/**
 * The exact mean energy of uniformly random frames independent of the gradient: dimension / (mn), because the
 * average of the projector over all rotations of either side commutes with them.
 */
export function nullEnergy(family: Family, m: number, n: number, rank: number): number {
  return dimension(family, m, n, rank) / (m * n);
}
