/** Frames: the orthonormal columns that a low-rank subspace is spanned by, on each side of a layer. */
import { readSafetensorsHeader, writeSafetensors } from '../checkpoint/index.ts';
import type { ExternalData, Graph, Value } from '../graph/index.ts';
import { float32, type Matrix, type Tensor } from '../numeric/index.ts';

/**
 * A frame on each side of a layer: U [m, K] and V [n, K] with orthonormal columns in order of rank, so that the
 * leading columns are the frame of every smaller rank.
 */
export interface Frame {
  readonly u: Matrix;
  readonly v: Matrix;
}

/** A frame in a file that the engine maps. */
export interface PlacedFrame {
  readonly rank: number;
  readonly u: PlacedMatrix;
  readonly v: PlacedMatrix;
}

interface PlacedMatrix {
  readonly name: string;
  readonly shape: readonly [number, number];
  readonly data: ExternalData;
}

/** One choice of frames for every layer: of a basis or one draw of it, of a file, of an adapter's tangent space. */
export interface FrameSet<F = PlacedFrame> {
  /** Names it among those that are placed together. */
  readonly label: string;
  /** Layer name → frame. */
  readonly frames: ReadonlyMap<string, F>;
}

/** Metadata of a file of frames. */
export const FRAMES_FORMAT = { format: 'rankscope.frames' };

/** Writes frames to a safetensors file as `<label>/<layer>/u` and `/v`, float32, and says where each stands. */
export async function placeFrames(path: string, sets: readonly FrameSet<Frame>[]): Promise<FrameSet[]> {
  const tensors: Record<string, Tensor> = {};
  for (const { label, frames } of sets) {
    for (const [layer, { u, v }] of frames) {
      tensors[`${label}/${layer}/u`] = float32([u.rows, u.cols], u.data);
      tensors[`${label}/${layer}/v`] = float32([v.rows, v.cols], v.data);
    }
  }
  await writeSafetensors(path, tensors, FRAMES_FORMAT);
  const written = readSafetensorsHeader(path).tensors;
  const placed = (name: string): PlacedMatrix => {
    const { path: file, offset, length, shape } = written.get(name)!;
    return { name, shape: [shape[0]!, shape[1]!], data: { path: file, offset, length } };
  };
  return sets.map(({ label, frames }) => ({
    label,
    frames: new Map(
      [...frames].map(([layer, { u }]) => [
        layer,
        { rank: u.cols, u: placed(`${label}/${layer}/u`), v: placed(`${label}/${layer}/v`) },
      ]),
    ),
  }));
}

/** One side of a placed frame as a value of a graph. */
export function frameValue(graph: Graph, { name, shape, data }: PlacedMatrix): Value {
  return graph.external(name, { dtype: 'float32', shape }, data);
}

/** The largest rank that the frame of a layer can have, at most `rank`. */
export function frameRank(
  layer: { readonly inFeatures: number; readonly outFeatures: number },
  rank: number,
): number {
  return Math.min(rank, layer.inFeatures, layer.outFeatures);
}
