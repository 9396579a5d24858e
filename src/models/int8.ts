/** Weights in 8 bits: packed once into a file, mapped by the engine. */
import {
  type Cache,
  type CachedType,
  type Checkpoint,
  readWeight,
  refuseStopped,
} from '../checkpoint/index.ts';
import type { FileRange } from '../files/index.ts';
import { type QuantizedWeight, quantizedMatmul, type Value } from '../graph/index.ts';
import type { StoredLayer, WeightSpec } from './definition.ts';
import { layerWeights } from './definition.ts';
import { floatProducts, type WeightProvider } from './forward.ts';

/** Values that share one scale; see the table of deviations in `docs/int8.md` for the choice. */
const BLOCK_SIZE = 128;
/** To be raised when the packing changes. */
const VERSION = 2;

/** A matrix [rows, inner] that is multiplied with from the right, as xBᵀ. */
interface Packing {
  readonly rows: number;
  readonly inner: number;
  readonly values: FileRange;
  readonly scales: FileRange;
}

/** Both packings of a stored matrix [rows, columns]: along its columns, and along its rows. */
interface PackedWeight {
  readonly straight: Packing;
  readonly transposed: Packing;
}

const blocksOf = (inner: number): number => Math.ceil(inner / BLOCK_SIZE);

/**
 * Packs the named matrices to 8 bits, symmetric, one scale per block of 128 along the inner dimension of each of
 * the two products that a pass needs. Streams weight by weight into one file of the cache, which is reused.
 *
 * Throws UserError as `materialize` does.
 */
export async function packWeights(
  checkpoint: Checkpoint,
  weights: readonly WeightSpec[],
  cache: Cache,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, PackedWeight>> {
  if (weights.length === 0) return new Map();
  const layout: Record<string, CachedType> = {};
  for (const { name, shape } of weights) {
    const [rows, columns] = shape as [number, number];
    for (const [side, count, inner] of [
      ['straight', rows, columns],
      ['transposed', columns, rows],
    ] as const) {
      layout[`${name}/${side}/values`] = { dtype: 'U8', shape: [count, blocksOf(inner), BLOCK_SIZE] };
      layout[`${name}/${side}/scales`] = { dtype: 'F32', shape: [count * blocksOf(inner)] };
    }
  }
  const key = { weights: await checkpoint.sha256(), blockSize: BLOCK_SIZE, packed: weights };
  const places = await cache.mapped({ kind: 'int8', version: VERSION, key }, layout, function* () {
    for (const { name, shape } of weights) {
      const [rows, columns] = shape as [number, number];
      const matrix = readWeight(checkpoint, name);
      for (const { values, scales } of [
        quantize(matrix, rows, columns, columns, 1),
        quantize(matrix, columns, rows, 1, columns),
      ]) {
        refuseStopped(signal);
        yield values;
        yield scales;
      }
    }
  });
  const packing = (name: string, side: keyof PackedWeight, rows: number, inner: number): Packing => ({
    rows,
    inner,
    values: places.get(`${name}/${side}/values`)!,
    scales: places.get(`${name}/${side}/scales`)!,
  });
  return new Map(
    weights.map(({ name, shape }) => {
      const [rows, columns] = shape as [number, number];
      const straight = packing(name, 'straight', rows, columns);
      return [name, { straight, transposed: packing(name, 'transposed', columns, rows) }];
    }),
  );
}

/**
 * round(w / scale) + 128 with scale = max|w| / 127 per block, of the matrix [rows, inner] whose entry (r, i) is
 * at r · rowStride + i · innerStride. The last block is padded with zeros (128).
 */
export function quantize(
  matrix: Float32Array,
  rows: number,
  inner: number,
  rowStride: number,
  innerStride: number,
): { values: Uint8Array; scales: Float32Array } {
  const blocks = blocksOf(inner);
  const values = new Uint8Array(rows * blocks * BLOCK_SIZE).fill(128);
  const scales = new Float32Array(rows * blocks);
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const first = block * BLOCK_SIZE;
      const last = Math.min(inner, first + BLOCK_SIZE);
      let largest = 0;
      for (let i = first; i < last; i++) {
        const magnitude = Math.abs(matrix[row * rowStride + i * innerStride]!);
        if (magnitude > largest) largest = magnitude;
      }
      const scale = largest / 127 || 1;
      const at = (row * blocks + block) * BLOCK_SIZE - first;
      scales[row * blocks + block] = scale;
      for (let i = first; i < last; i++) {
        values[at + i] = Math.round(matrix[row * rowStride + i * innerStride]! / scale) + 128;
      }
    }
  }
  return { values, scales };
}

/**
 * Products of the linear layers with packed weights; every other weight stays float32. So does the head: the
 * gradients of the logits are small but for a few, which a scale per block cannot hold together, and every layer's
 * gradient flows through them (`docs/int8.md`).
 */
export function int8Products(
  value: WeightProvider['value'],
  packed: ReadonlyMap<string, PackedWeight>,
): WeightProvider {
  const product = (x: Value, name: string, straightIsForward: boolean): Value => {
    const weight = packed.get(name)!;
    const forward = straightIsForward ? weight.straight : weight.transposed;
    const backward = straightIsForward ? weight.transposed : weight.straight;
    const suffix = (packing: Packing) => `${name}:int8${packing === weight.straight ? '' : 'ᵀ'}`;
    return quantizedMatmul(
      x,
      external(x, forward, suffix(forward)),
      external(x, backward, suffix(backward)),
      {
        inner: forward.inner,
        outputs: forward.rows,
        blockSize: BLOCK_SIZE,
      },
    );
  };
  return {
    value,
    // A matrix stored [out, in] is already the right factor of x Bᵀ.
    product: (layer: StoredLayer, x) => product(x, layerWeights(layer)[0]!.name, layer.stored === 'out-in'),
    logits: floatProducts(value).logits,
  };
}

function external({ graph }: Value, { rows, inner, values, scales }: Packing, name: string): QuantizedWeight {
  const blocks = blocksOf(inner);
  return {
    values: graph.external(`${name}:values`, { dtype: 'uint8', shape: [rows, blocks, BLOCK_SIZE] }, values),
    scales: graph.external(`${name}:scales`, { dtype: 'float32', shape: [rows * blocks] }, scales),
  };
}
