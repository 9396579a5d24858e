/** One scale per output after a rotation of the inner dimension: `MatMulInteger`, which leaves the inner loop to integers. */
import { ROTATED, rotateBlocks, rotatedMatmul, rotatedWidth } from '../../graph/index.ts';
import type { Factor, KernelRecord } from './kernel.ts';

export const rotatedKernel: KernelRecord = {
  name: 'rotated',
  version: 1,
  dtype: 'int8',
  layout: ({ inner, outputs }) => ({
    values: { dtype: 'I8', shape: [rotatedWidth(inner), outputs] },
    scales: { dtype: 'F32', shape: [outputs] },
  }),
  pack: packRotated,
  product: (x, factor, transposed) => rotatedMatmul(x, factor, transposed),
};

/** round(HᵀW / scale) with scale = max / 127 per output, as int8 [inner, outputs]; H is symmetric. */
export function packRotated({ matrix, inner, outputs, innerStride, outputStride }: Factor): {
  values: Int8Array;
  scales: Float32Array;
} {
  const width = rotatedWidth(inner);
  const values = new Int8Array(width * outputs);
  const scales = new Float32Array(outputs);
  // Some outputs at a time: written one by one, their values would each touch another cache line.
  const columns = Array.from({ length: Math.min(outputs, ROTATED) }, () => new Float32Array(width));
  for (let first = 0; first < outputs; first += columns.length) {
    const here = columns.slice(0, outputs - first);
    here.forEach((column, index) => {
      const output = first + index;
      for (let i = 0; i < inner; i++) column[i] = matrix[i * innerStride + output * outputStride]!;
      column.fill(0, inner);
      rotateBlocks(column);
      const scale = largestMagnitude(column) / 127 || 1;
      scales[output] = scale;
      for (let i = 0; i < width; i++) column[i] = Math.round(column[i]! / scale);
    });
    for (let i = 0; i < width; i++) {
      for (let index = 0; index < here.length; index++)
        values[i * outputs + first + index] = here[index]![i]!;
    }
  }
  return { values, scales };
}

function largestMagnitude(values: Float32Array): number {
  let largest = 0;
  for (const value of values) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest;
}
