/** One record per adapter family: the space that it moves in, how much of a gradient that reaches, and by chance. */
import type { Family } from '../record/index.ts';
import { oneSided, pairMoments, projectorMoments, twoSided } from './haar-moments.ts';

/** A layer with W of m×n, and frames of `rank` columns on it. */
interface Shape {
  readonly m: number;
  readonly n: number;
  readonly rank: number;
}

/**
 * What a pass sums up for frames U and V, of every batch and then of every pair of batches (where squares are products
 * of the two): curves over the ranks 1, 2, ….
 */
export interface EnergySums {
  /** ‖UᵀG V‖² */
  readonly core: () => readonly Float64Array[];
  /** Σᵢ (uᵢᵀG vᵢ)² */
  readonly diagonal: () => readonly Float64Array[];
  /** ‖UᵀG‖², where {@link FamilyRule.oneSided} asks for it. */
  readonly left: () => readonly Float64Array[];
  /** ‖G V‖², likewise. */
  readonly right: () => readonly Float64Array[];
}

export interface FamilyRule {
  /** Numbers that its adapter trains. */
  readonly parameters: (shape: Shape) => number;
  /** Dimension of its tangent space, the moves of W that it can make at once: fewer where two parameters make one move. */
  readonly dimension: (shape: Shape) => number;
  /** ‖P G‖², P being the projector onto the tangent space. */
  readonly energies: (sums: EnergySums) => readonly Float64Array[];
  /** Whether the energies need what one frame alone reaches. */
  readonly oneSided: boolean;
  /** Mean square of the energy over Haar frames, for ‖G‖ = 1 and t2 = Σσ⁴/(Σσ²)². */
  readonly secondMoment: (shape: Shape, t2: number) => number;
  /** Singular values of a gradient that the best frames can reach. */
  readonly directions: (rank: number) => number;
}

/** The update is above its rule; `docs/concepts.md` has what each reaches, P G. */
export const FAMILY_RULES: Readonly<Record<Family, FamilyRule>> = {
  // U M Vᵀ
  core: {
    parameters: ({ rank }) => rank * rank,
    dimension: ({ rank }) => rank * rank,
    energies: ({ core }) => core(),
    oneSided: false,
    secondMoment: ({ m, n, rank }, t2) => twoSided(m, n, rank, rank, t2),
    directions: (rank) => rank,
  },
  // U A
  left: {
    parameters: ({ n, rank }) => rank * n,
    dimension: ({ n, rank }) => rank * n,
    energies: ({ left }) => left(),
    oneSided: true,
    secondMoment: ({ m, rank }, t2) => oneSided(projectorMoments(m, rank), 1, t2),
    directions: (rank) => rank,
  },
  // B Vᵀ
  right: {
    parameters: ({ m, rank }) => m * rank,
    dimension: ({ m, rank }) => m * rank,
    energies: ({ right }) => right(),
    oneSided: true,
    secondMoment: ({ n, rank }, t2) => oneSided(projectorMoments(n, rank), 1, t2),
    directions: (rank) => rank,
  },
  // P Q, whose moves are P dQ + dP Q: U spans the columns of P, V the rows of Q
  factors: {
    parameters: ({ m, n, rank }) => rank * (m + n),
    // Either factor can make the K² moves between U and V.
    dimension: ({ m, n, rank }) => rank * (m + n - rank),
    // ‖G − (I−UUᵀ) G (I−VVᵀ)‖² = ‖UᵀG‖² + ‖G V‖² − ‖UᵀG V‖²
    energies: ({ core, left, right }) => {
      const [cores, rights] = [core(), right()];
      return left().map((curve, row) => curve.map((value, i) => value + rights[row]![i]! - cores[row]![i]!));
    },
    oneSided: true,
    // energy = 1 − e with e the core energy of the complements: E[(1−e)²] = 1 − 2E[e] + E[e²].
    secondMoment: ({ m, n, rank }, t2) => {
      const mean = ((m - rank) * (n - rank)) / (m * n);
      return 1 - 2 * mean + twoSided(m, n, m - rank, n - rank, t2);
    },
    // Its left frame takes the first K, its right frame the next.
    directions: (rank) => 2 * rank,
  },
  // U diag(s) Vᵀ
  diagonal: {
    parameters: ({ rank }) => rank,
    dimension: ({ rank }) => rank,
    energies: ({ diagonal }) => diagonal(),
    oneSided: false,
    // From the fourth moments of one and of two orthonormal Haar vectors.
    secondMoment: ({ m, n, rank }, t2) => {
      const same = (3 * (1 + 2 * t2)) / (m * (m + 2) * n * (n + 2));
      if (rank === 1) return same;
      const left = pairMoments(m);
      const right = pairMoments(n);
      const norms = right.a + 2 * right.b * t2;
      const products = right.a * t2 + right.b * (1 + t2);
      return rank * same + rank * (rank - 1) * (left.a * norms + 2 * left.b * products);
    },
    // The bound of `core` holds, and singular vectors attain it.
    directions: (rank) => rank,
  },
};

/** Numbers that an adapter of a family and rank K trains on a layer with W of m×n. */
export const parameterCount = (family: Family, m: number, n: number, rank: number): number =>
  FAMILY_RULES[family].parameters({ m, n, rank });

/** Dimension of the tangent space of a family at rank K; W is m×n. */
export const dimension = (family: Family, m: number, n: number, rank: number): number =>
  FAMILY_RULES[family].dimension({ m, n, rank });

/**
 * The exact mean energy of uniformly random frames independent of the gradient: dimension / (mn), because the
 * average of the projector over all rotations of either side commutes with them.
 */
export const nullEnergy = (family: Family, m: number, n: number, rank: number): number =>
  dimension(family, m, n, rank) / (m * n);
