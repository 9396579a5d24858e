/**
 * Room `numeric`: plain numerical tools that know nothing of models: tensors and matrices, seeded random
 * numbers, float64 decompositions, frames, statistics. It imports only `errors`.
 */
export { cholesky, invertLower, tryCholesky } from './cholesky.ts';
export { cosine } from './cosine.ts';
export { type EffectiveRank, effectiveRank } from './effective-rank.ts';
export { haarFrame, principalAngles } from './frames.ts';
export { frobeniusNorm, fromFloat32, identity, leadingColumns, multiply, transpose } from './matrix.ts';
export { orthonormalize } from './qr.ts';
export { createRng, type Rng, shuffle } from './rng.ts';
export { orientColumns } from './signs.ts';
export { gramSingularValues, singularValues } from './singular-values.ts';
export { spread } from './spread.ts';
export {
  betaQuantile,
  fitLine,
  holm,
  type Interval,
  intervalAround,
  jackknifeInterval,
  mean,
  pearson,
  quantile,
  slopeThroughOrigin,
  spearman,
  standardDeviation,
  studentInterval,
  studentTail,
} from './statistics.ts';
export { svd } from './svd.ts';
export { symmetricEigen, symmetricValues } from './symmetric-eigen.ts';
export {
  type DType,
  float32,
  int64,
  type Matrix,
  type MatrixProduct,
  matrix,
  sizeOf,
  type Tensor,
  type TensorData,
  tensor,
  zeros,
} from './tensor.ts';
