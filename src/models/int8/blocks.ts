/** One scale per block along the inner dimension: `MatMulNBits`, which quantises activations by blocks as well. */
import { quantizedMatmul } from '../../graph/index.ts';
import type { Factor, KernelRecord } from './kernel.ts';

/** Values that share one scale; see the table of deviations in `docs/int8.md` for the choice. */
const BLOCK_SIZE = 128;

const blocksOf = (inner: number): number => Math.ceil(inner / BLOCK_SIZE);

export const blocksKernel: KernelRecord = {
  name: 'blocks',
  version: 2,
  dtype: 'uint8',
  layout: ({ inner, outputs }) => ({
    values: { dtype: 'U8', shape: [outputs, blocksOf(inner), BLOCK_SIZE] },
    scales: { dtype: 'F32', shape: [outputs * blocksOf(inner)] },
  }),
  pack: packBlocks,
  product: (x, factor, transposed, shape) =>
    quantizedMatmul(x, factor, transposed, { ...shape, blockSize: BLOCK_SIZE }),
};

/**
 * round(w / scale) + 128 with scale = max|w| / 127 per block. The last block is padded with zeros (128).
 */
export function packBlocks({ matrix, inner, outputs, innerStride, outputStride }: Factor): {
  values: Uint8Array;
  scales: Float32Array;
} {
  const blocks = blocksOf(inner);
  const values = new Uint8Array(outputs * blocks * BLOCK_SIZE).fill(128);
  const scales = new Float32Array(outputs * blocks);
  for (let output = 0; output < outputs; output++) {
    for (let block = 0; block < blocks; block++) {
      const first = block * BLOCK_SIZE;
      const last = Math.min(inner, first + BLOCK_SIZE);
      let largest = 0;
      for (let i = first; i < last; i++) {
        const magnitude = Math.abs(matrix[output * outputStride + i * innerStride]!);
        if (magnitude > largest) largest = magnitude;
      }
      const scale = largest / 127 || 1;
      const at = (output * blocks + block) * BLOCK_SIZE - first;
      scales[output * blocks + block] = scale;
      for (let i = first; i < last; i++) {
        values[at + i] = Math.round(matrix[output * outputStride + i * innerStride]! / scale) + 128;
      }
    }
  }
  return { values, scales };
}
