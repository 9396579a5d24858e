/** Singular values of an adapter's update, without forming it. */
import {
  gramSingularValues,
  type Matrix,
  type MatrixProduct,
  matrix,
  orthonormalize,
  type Tensor,
} from '../numeric/index.ts';
import type { LayerAdapter } from './adapter.ts';

/**
 * The singular values of ΔW that are not zero of necessity, up to order and within 1e-7 of the largest: those of
 * the trained part alone where it stands between frozen frames, whose columns are orthonormal.
 */
export async function updateSpectrum(
  { family, trained, scale }: LayerAdapter,
  product: MatrixProduct,
): Promise<Float64Array> {
  const scaled = (values: Float64Array) => values.map((value) => value * scale);
  if (family === 'diagonal') {
    const values = trained.s!.data as Float32Array;
    return scaled(Float64Array.from(values, Math.abs));
  }
  if (family !== 'factors') {
    const [part] = Object.values(trained);
    return scaled(await gramSingularValues(toMatrix(part!), product));
  }
  // P = Q_p R_p, so P Q has the singular values of R_p Q.
  const p = toMatrix(trained.p!);
  const root = await product(await orthonormalize(p, product), p, { transposeA: true });
  return scaled(await gramSingularValues(await product(root, toMatrix(trained.q!)), product));
}

function toMatrix({ shape, data }: Tensor): Matrix {
  return matrix(shape[0]!, shape[1]!, Float64Array.from(data as Float32Array));
}
