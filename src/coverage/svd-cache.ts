/** Singular vectors of weights, kept on disk between runs by the hash of the weight. */
import { createHash } from 'node:crypto';
import type { Cache } from '../checkpoint/index.ts';
import type { LinearLayer } from '../models/index.ts';
import { float32, fromFloat32, leadingColumns, type Matrix, type Tensor } from '../numeric/index.ts';
import type { Frame } from './frame.ts';
import { wholeColumns } from './frames-cache.ts';

/** To be raised whenever the decompositions give other vectors than before. */
const VERSION = 3;

/**
 * The top `rank` singular vectors of a layer's weight, as float32 holds them.
 * @param values the weight's float32 values, whose hash is part of the key.
 * @param decompose finds that many of them, where nothing is kept.
 */
export async function topSingularVectors(
  { inFeatures, outFeatures, stored }: LinearLayer,
  values: Float32Array,
  decompose: (rank: number) => Promise<Frame>,
  rank: number,
  cache: Cache,
): Promise<Frame> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const columns = Math.min(wholeColumns(rank), inFeatures, outFeatures);
  const { u, v } = await cache.tensors(
    { kind: 'svd', version: VERSION, key: { sha256, inFeatures, outFeatures, stored, columns } },
    (kept) => kept.u?.shape[1] === columns && kept.v?.shape[1] === columns,
    async (): Promise<Record<'u' | 'v', Tensor>> => {
      const vectors = await decompose(columns);
      return { u: toTensor(vectors.u), v: toTensor(vectors.v) };
    },
  );
  return { u: toMatrix(u, rank), v: toMatrix(v, rank) };
}

const toTensor = ({ rows, cols, data }: Matrix): Tensor => float32([rows, cols], data);

const toMatrix = ({ shape, data }: Tensor, rank: number): Matrix =>
  leadingColumns(fromFloat32(shape[0]!, shape[1]!, data as Float32Array), rank);
