/** Adapters as data: frozen frames, trained parameters, and the layers of a model that they sit on. */
import type { StoredLayer } from '../models/index.ts';
import type { Tensor } from '../numeric/index.ts';
import type { AdapterFamily, AdapterRecord } from '../record/index.ts';

/** An adapter on one layer y = x W with W [m, n]: it adds an update ΔW of its family to W. */
export interface LayerAdapter {
  readonly layer: StoredLayer;
  readonly family: AdapterFamily;
  /** A basis of the program, or the file and label that the frames came from. */
  readonly basis: string;
  /** K */
  readonly rank: number;
  /** Factor of the update. */
  readonly scale: number;
  /** Frames that never change: u [m, K], v [n, K], where the family has them. */
  readonly frozen: { readonly u?: Tensor; readonly v?: Tensor };
  /** Float32 parameters by part; which parts, and of which shapes, {@link trainedShapes} says. */
  readonly trained: Readonly<Record<string, Tensor>>;
}

/** An adapter on some layers of a model. */
export interface Adapter {
  readonly record: AdapterRecord;
  readonly layers: readonly LayerAdapter[];
}

/** A frozen side of a layer. */
export type Side = 'u' | 'v';

/** Name of a tensor of an adapter, in files and in optimizers: `<layer>/<part>`. */
export const tensorName = (layer: string, part: string): string => `${layer}/${part}`;

/** The trained parameters of all layers by {@link tensorName}; the arrays are the adapter's own. */
export function trainedTensors({ layers }: Pick<Adapter, 'layers'>): Record<string, Tensor> {
  return Object.fromEntries(
    layers.flatMap(({ layer, trained }) =>
      Object.entries(trained).map(([part, tensor]) => [tensorName(layer.name, part), tensor]),
    ),
  );
}

/** {@link trainedTensors} as plain arrays. */
export function trainedArrays(adapter: Pick<Adapter, 'layers'>): Record<string, Float32Array> {
  const tensors = Object.entries(trainedTensors(adapter));
  return Object.fromEntries(tensors.map(([name, { data }]) => [name, data as Float32Array]));
}

/** The adapter with other values of {@link trainedArrays}. */
export function withTrained(adapter: Adapter, arrays: Readonly<Record<string, Float32Array>>): Adapter {
  const layers = adapter.layers.map((one) => ({
    ...one,
    trained: Object.fromEntries(
      Object.entries(one.trained).map(([part, tensor]) => [
        part,
        { ...tensor, data: arrays[tensorName(one.layer.name, part)]! },
      ]),
    ),
  }));
  return { ...adapter, layers };
}
