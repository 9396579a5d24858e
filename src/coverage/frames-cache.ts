/** Frames made from calibration batches, kept on disk between runs by all that determines them. */
import type { CacheEntry } from '../checkpoint/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { float32, fromFloat32, leadingColumns, type Matrix, type Tensor } from '../numeric/index.ts';
import { type Batch, sequencesOf } from '../text/index.ts';
import { type Frame, frameRank } from './frame.ts';

/** To be raised whenever frames come out otherwise than before. */
const VERSION = 2;

/**
 * Frames are found with a multiple of this many columns: those of a smaller rank are then the first of the very same
 * ones, whatever was asked for before.
 */
const COLUMNS = 64;

/** `rank` columns, and as many more as are found with them. */
export const wholeColumns = (rank: number): number => COLUMNS * Math.ceil(rank / COLUMNS);

export interface FramesKey {
  readonly model: Model;
  readonly layers: readonly LinearLayer[];
  readonly basis: string;
  /** What computes them: devices round differently. */
  readonly engine: string;
  readonly rank: number;
  /** Null where the frames do not depend on it. */
  readonly ridge: number | null;
  readonly calibration: readonly Batch[];
  /** Batches of a pass, by layer group: sums are rounded accordingly. */
  readonly together: readonly number[];
}

/** The name of one basis's frames of all the layers. */
export async function framesEntry(key: FramesKey): Promise<CacheEntry> {
  const { model, layers, basis, engine, rank, ridge, calibration, together } = key;
  return {
    kind: 'frames',
    version: VERSION,
    key: {
      sha256: await model.checkpoint.sha256(),
      config: model.definition.computed,
      compute: model.int8Kernel === undefined ? model.compute : `${model.compute}, ${model.int8Kernel}`,
      layers: layers.map(({ name }) => name),
      basis,
      engine,
      columns: wholeColumns(rank),
      ridge,
      calibration: calibration.map((batch) => sequencesOf(batch).sha256()),
      together,
    },
  };
}

/** Layer → its kept frame, of `rank` columns at most; undefined when they are not kept. */
export async function readFrames(
  { model, layers, rank }: FramesKey,
  entry: CacheEntry,
): Promise<Map<string, Frame> | undefined> {
  const kept = await model.cache.read(entry, (tensors) =>
    layers.every(
      ({ name, inFeatures, outFeatures }) =>
        tensors[`${name}/u`]?.shape[0] === inFeatures && tensors[`${name}/v`]?.shape[0] === outFeatures,
    ),
  );
  if (kept === undefined) return undefined;
  const side = (name: string): Matrix => {
    const { shape, data } = kept[name]!;
    return fromFloat32(shape[0]!, shape[1]!, data as Float32Array);
  };
  return new Map(
    layers.map((layer) => {
      const frame = { u: side(`${layer.name}/u`), v: side(`${layer.name}/v`) };
      return [layer.name, narrowFrame(frame, layer, rank)];
    }),
  );
}

/** Keeps the frames of all the layers, where there is a place for them. */
export async function keepFrames(
  { model }: FramesKey,
  entry: CacheEntry,
  frames: ReadonlyMap<string, Frame>,
): Promise<void> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { u, v }] of frames) {
    tensors[`${name}/u`] = float32([u.rows, u.cols], u.data);
    tensors[`${name}/v`] = float32([v.rows, v.cols], v.data);
  }
  await model.cache.write(entry, tensors);
}

/** As float32 holds it: the same whether a frame was kept or has just been made. */
export function roundFrame({ u, v }: Frame): Frame {
  const round = ({ rows, cols, data }: Matrix) => fromFloat32(rows, cols, Float32Array.from(data));
  return { u: round(u), v: round(v) };
}

/** The leading columns, `rank` at most; LoRA-GA has fewer than a layer allows. */
export function narrowFrame({ u, v }: Frame, layer: LinearLayer, rank: number): Frame {
  const columns = Math.min(frameRank(layer, rank), u.cols);
  return { u: leadingColumns(u, columns), v: leadingColumns(v, columns) };
}
