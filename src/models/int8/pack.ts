/** Weights in 8 bits: packed once into a file, mapped by the engine. */
import {
  type Cache,
  type CachedType,
  type Checkpoint,
  readWeight,
  refuseStopped,
} from '../../checkpoint/index.ts';
import type { FileRange } from '../../files/index.ts';
import type { Graph } from '../../graph/index.ts';
import { layerWeights, type StoredLayer, type WeightSpec } from '../definition.ts';
import { floatProducts, type WeightProvider } from '../forward.ts';
import type { FactorShape, KernelRecord, PackedValues } from './kernel.ts';

/** The factors of the two products that a pass makes with a stored matrix B [rows, columns]: x Bᵀ and x B. */
const SIDES = ['straight', 'transposed'] as const;
type Side = (typeof SIDES)[number];

const shapeOf = (side: Side, [rows, columns]: readonly [number, number]): FactorShape =>
  side === 'straight' ? { inner: columns, outputs: rows } : { inner: rows, outputs: columns };

interface PackedFactor extends FactorShape {
  readonly values: FileRange;
  readonly scales: FileRange;
}

/** Both packings of every packed weight, by its name, and what multiplies with them. */
export interface PackedWeights {
  readonly kernel: KernelRecord;
  readonly factors: ReadonlyMap<string, Readonly<Record<Side, PackedFactor>>>;
}

/**
 * Packs the named matrices to 8 bits for each of the two products that a pass needs. Streams weight by weight into
 * one file of the cache, which is reused.
 *
 * Throws UserError as `materialize` does.
 */
export async function packWeights(
  kernel: KernelRecord,
  checkpoint: Checkpoint,
  weights: readonly WeightSpec[],
  cache: Cache,
  signal?: AbortSignal,
): Promise<PackedWeights> {
  if (weights.length === 0) return { kernel, factors: new Map() };
  const matrices = weights.map(({ name, shape }) => ({ name, shape: shape as [number, number] }));
  const layout: Record<string, CachedType> = {};
  for (const { name, shape } of matrices) {
    for (const side of SIDES) {
      const { values, scales } = kernel.layout(shapeOf(side, shape));
      layout[`${name}/${side}/values`] = values;
      layout[`${name}/${side}/scales`] = scales;
    }
  }
  const key = { weights: await checkpoint.sha256(), kernel: kernel.name, packed: weights };
  const places = await cache.mapped({ kind: 'int8', version: kernel.version, key }, layout, function* () {
    for (const { name, shape } of matrices) {
      const matrix = readWeight(checkpoint, name);
      const strides = { straight: [1, shape[1]], transposed: [shape[1], 1] } as const;
      for (const side of SIDES) {
        const [innerStride, outputStride] = strides[side];
        const packed = kernel.pack({ matrix, ...shapeOf(side, shape), innerStride, outputStride });
        refuseStopped(signal);
        yield packed.values;
        yield packed.scales;
      }
    }
  });
  const factor = (name: string, side: Side, shape: readonly [number, number]): PackedFactor => ({
    ...shapeOf(side, shape),
    values: places.get(`${name}/${side}/values`)!,
    scales: places.get(`${name}/${side}/scales`)!,
  });
  const both = (name: string, shape: readonly [number, number]) => ({
    straight: factor(name, 'straight', shape),
    transposed: factor(name, 'transposed', shape),
  });
  return { kernel, factors: new Map(matrices.map(({ name, shape }) => [name, both(name, shape)])) };
}

/** The parts of files that packed weights lie in. */
export const packedRanges = ({ factors }: PackedWeights): FileRange[] =>
  [...factors.values()].flatMap((sides) => SIDES.flatMap((side) => [sides[side].values, sides[side].scales]));

/**
 * Products of the linear layers with packed weights; every other weight stays float32. So does the head: the
 * gradients of the logits are small but for a few, which few scales cannot hold together, and every layer's
 * gradient flows through them (`docs/int8.md`).
 */
export function int8Products(
  value: WeightProvider['value'],
  { kernel, factors }: PackedWeights,
): WeightProvider {
  const external = (graph: Graph, name: string, side: Side): PackedValues => {
    const factor = factors.get(name)![side];
    const layout = kernel.layout(factor);
    const named = `${name}:int8${side === 'straight' ? '' : 'ᵀ'}`;
    return {
      values: graph.external(
        `${named}:values`,
        { dtype: kernel.dtype, shape: layout.values.shape },
        factor.values,
      ),
      scales: graph.external(
        `${named}:scales`,
        { dtype: 'float32', shape: layout.scales.shape },
        factor.scales,
      ),
    };
  };
  return {
    value,
    product: (layer: StoredLayer, x) => {
      const { name } = layerWeights(layer)[0]!;
      // A matrix stored [out, in] is already the right factor of x Bᵀ.
      const [way, back]: [Side, Side] =
        layer.stored === 'out-in' ? ['straight', 'transposed'] : ['transposed', 'straight'];
      const shape = factors.get(name)![way];
      return kernel.product(x, external(x.graph, name, way), external(x.graph, name, back), shape);
    },
    logits: floatProducts(value).logits,
  };
}
