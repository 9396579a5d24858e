/** Singular vectors of weights, kept on disk between runs by the hash of the weight. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensorsHeader, type WeightSource, writeSafetensors } from '../checkpoint/index.ts';
import { UserError } from '../errors/index.ts';
import {
  float32,
  fromFloat32,
  leadingColumns,
  type Matrix,
  type MatrixProduct,
  svd,
} from '../numeric/index.ts';
import type { Frame } from './frame.ts';

/**
 * The top `rank` singular vectors of a weight.
 * @param values the weight's float32 values, whose hash is the key.
 * @param weight the same as a matrix [m, n], asked for only when nothing is kept.
 */
export async function topSingularVectors(
  values: Float32Array,
  weight: () => Matrix,
  rank: number,
  cacheFolder: string,
  product: MatrixProduct,
): Promise<Frame> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const path = join(cacheFolder, 'svd', `${createHash('sha256').update(bytes).digest('hex')}.safetensors`);
  const kept = read(path);
  if (kept !== undefined && kept.u.cols >= rank) {
    return { u: leadingColumns(kept.u, rank), v: leadingColumns(kept.v, rank) };
  }
  const { u, v } = await svd(weight(), { rank, product });
  await writeSafetensors(path, { u: float32([u.rows, rank], u.data), v: float32([v.rows, rank], v.data) });
  return { u, v };
}

function read(path: string): Frame | undefined {
  try {
    const { tensors } = readSafetensorsHeader(path);
    const file = readFileSync(path);
    const load = ({ offset, length, shape }: WeightSource): Matrix => {
      const values = new Float32Array(
        file.buffer.slice(file.byteOffset + offset, file.byteOffset + offset + length),
      );
      return fromFloat32(shape[0]!, shape[1]!, values);
    };
    return { u: load(tensors.get('u')!), v: load(tensors.get('v')!) };
  } catch (error) {
    // Absent, or left broken by another program: it is made again.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
