/**
 * Room `numeric`: plain numerical tools that know nothing of models: tensors and matrices, seeded random
 * numbers, float64 decompositions, frames, statistics. It imports only `errors`.
 */
export { cholesky, invertLower, tryCholesky } from './cholesky.ts';
export * from './cosine.ts';
export * from './effective-rank.ts';
export * from './frames.ts';
export {
  frobeniusNorm,
  fromFloat32,
  identity,
  leadingColumns,
  multiply,
  transpose,
} from './matrix.ts';
export * from './qr.ts';
export * from './rng.ts';
export * from './signs.ts';
export * from './singular-values.ts';
export * from './spread.ts';
export * from './statistics.ts';
export * from './svd.ts';
export { type DecompositionOptions, symmetricEigen, symmetricValues } from './symmetric-eigen.ts';
export * from './tensor.ts';
