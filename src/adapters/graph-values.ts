/** An adapter in a graph: its tensors as values, and the weights of a model with it in place. */
import { resolve } from 'node:path';
import { readSafetensorsHeader } from '../checkpoint/index.ts';
import { invariant } from '../errors/index.ts';
import { add, type Graph, mul, type Value } from '../graph/index.ts';
import type { Model, WeightProvider } from '../models/index.ts';
import type { Tensor } from '../numeric/index.ts';
import { type Adapter, type LayerAdapter, tensorName } from './adapter.ts';
import { adapterFactors, adapterProduct } from './layer-update.ts';
import { times } from './small-products.ts';

/** The tensors of an adapter as values of one graph, by {@link tensorName}. */
export interface AdapterValues {
  readonly frozen: ReadonlyMap<string, Value>;
  /** Trained parameters; inputs of the graph unless they were asked for as constants. */
  readonly trained: ReadonlyMap<string, Value>;
  /** Layer name → input [tokens, K] that multiplies the layer's hidden values; absent without dropout. */
  readonly masks?: ReadonlyMap<string, Value>;
}

export interface AdapterValueOptions {
  /** A saved adapter whose frozen frames are mapped from its file; without it they are part of the graph. */
  readonly mapped?: string;
  /** Trained parameters as part of the graph: for running, not for training. Default false. */
  readonly constant?: boolean;
  /** Rows of x, when hidden values are to be multiplied by dropout masks. */
  readonly dropoutRows?: number;
}

const inputName = (name: string): string => `adapter/${name}`;
const maskName = (layer: string): string => `mask/${layer}`;

/** Puts the tensors of an adapter into a graph. */
export function adapterValues(
  graph: Graph,
  layers: readonly LayerAdapter[],
  { mapped, constant = false, dropoutRows }: AdapterValueOptions = {},
): AdapterValues {
  const places = mapped === undefined ? undefined : readSafetensorsHeader(mapped).tensors;
  const frozen = new Map<string, Value>();
  const trained = new Map<string, Value>();
  const masks = new Map<string, Value>();
  for (const adapter of layers) {
    const { layer, rank } = adapter;
    for (const [side, tensor] of Object.entries(adapter.frozen)) {
      const name = tensorName(layer.name, side);
      frozen.set(name, frozenValue(graph, name, tensor, places));
    }
    for (const [part, tensor] of Object.entries(adapter.trained)) {
      const name = tensorName(layer.name, part);
      const value = constant
        ? graph.constant(tensor)
        : graph.input(inputName(name), tensor.dtype, tensor.shape);
      trained.set(name, value);
    }
    if (dropoutRows !== undefined) {
      masks.set(layer.name, graph.input(maskName(layer.name), 'float32', [dropoutRows, rank]));
    }
  }
  return dropoutRows === undefined ? { frozen, trained } : { frozen, trained, masks };
}

function frozenValue(
  graph: Graph,
  name: string,
  tensor: Tensor,
  places: ReturnType<typeof readSafetensorsHeader>['tensors'] | undefined,
): Value {
  if (places === undefined) return graph.constant(tensor);
  const place = places.get(name);
  invariant(place !== undefined, `the mapped adapter has no ${name}`);
  const { path, offset, length } = place;
  return graph.external(inputName(name), tensor, { path: resolve(path), offset, length });
}

/** What the inputs of {@link adapterValues} are fed with. */
export function adapterFeeds(layers: readonly LayerAdapter[]): Record<string, Tensor> {
  return Object.fromEntries(
    layers.flatMap(({ layer, trained }) =>
      Object.entries(trained).map(([part, tensor]) => [inputName(tensorName(layer.name, part)), tensor]),
    ),
  );
}

/** What the dropout masks of {@link adapterValues} are fed with; `make` gives the entries of a layer's mask. */
export function maskFeeds(
  layers: readonly LayerAdapter[],
  rows: number,
  make: (layer: string, length: number) => Float32Array,
): Record<string, Tensor> {
  return Object.fromEntries(
    layers.map(({ layer, rank }) => [
      maskName(layer.name),
      { dtype: 'float32' as const, shape: [rows, rank], data: make(layer.name, rows * rank) },
    ]),
  );
}

/**
 * The weights of a model with adapters in place: y = x W + x ΔW, where the base product stays what it was
 * (mapped float32 or 8 bits) and ΔW is applied factor by factor.
 */
export function withAdapters(
  provider: WeightProvider,
  layers: readonly LayerAdapter[],
  values: AdapterValues,
): WeightProvider {
  const byName = new Map(layers.map((adapter) => [adapter.layer.name, adapter]));
  return {
    ...provider,
    product(layer, x) {
      const y = provider.product(layer, x);
      const adapter = byName.get(layer.name);
      if (adapter === undefined) return y;
      const value = (part: string) => {
        const name = tensorName(layer.name, part);
        return (values.frozen.get(name) ?? values.trained.get(name))!;
      };
      const mask = values.masks?.get(layer.name);
      const hidden = (h: Value) => (mask === undefined ? h : mul(h, mask));
      return add(y, adapterProduct(adapter, x, value, hidden));
    },
  };
}

/**
 * The model with a finished adapter in place: for evaluation, generation and measuring. Every graph that is built
 * from it carries the adapter as it is then, and `readLayer` gives W + ΔW.
 *
 * @param mapped a saved adapter with the same frames, which are mapped from it instead of standing in every graph.
 *
 * @example
 * ```ts
 * const adapter = await loadAdapter('runs/first', model);
 * const losses = await sequenceLosses(engine, adaptedModel(model, adapter), sequences, 4);
 * ```
 */
export function adaptedModel(model: Model, adapter: Pick<Adapter, 'layers'>, mapped?: string): Model {
  const byName = new Map(adapter.layers.map((one) => [one.layer.name, one]));
  return {
    ...model,
    weights: (graph) =>
      withAdapters(
        model.weights(graph),
        adapter.layers,
        adapterValues(graph, adapter.layers, { constant: true, ...(mapped === undefined ? {} : { mapped }) }),
      ),
    readLayer: (layer) => {
      const weight = model.readLayer(layer);
      const one = byName.get(layer.name);
      return one === undefined ? weight : mergeLayer(one, weight);
    },
  };
}

/** W + ΔW in the checkpoint's order, for W in the checkpoint's order. */
export function mergeLayer(adapter: LayerAdapter, weight: Float32Array): Float32Array {
  const { layer } = adapter;
  const update = adapterDelta(adapter);
  const { rows, cols } = update;
  return weight.map((value, index) => {
    const at = layer.stored === 'in-out' ? index : (index % rows) * cols + Math.floor(index / rows);
    return value + update.data[at]!;
  });
}

/** ΔW [m, n], formed; float64. */
export function adapterDelta(adapter: LayerAdapter) {
  const { left, right } = adapterFactors(adapter);
  return times(left, right);
}
