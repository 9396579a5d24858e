/** The layers and weights of a decoder's blocks, from its description. */
import { invariant } from '../../errors/index.ts';
import {
  LAYER_ROLES,
  type LayerRole,
  type LinearLayer,
  layerWeights,
  type WeightSpec,
} from '../definition.ts';
import type { BlockModules, DecoderDescription, LayerPositions } from './description.ts';

export interface Block extends LayerPositions {
  /** By role; those that an architecture does not have are absent. */
  readonly layers: { readonly [Role in LayerRole]?: LinearLayer };
  /** Full names. */
  readonly norms: BlockModules['norms'];
}

/** Roles in order of the forward pass. */
const ROLES = Object.keys(LAYER_ROLES) as LayerRole[];

/** The blocks, in order. */
export function makeBlocks(description: DecoderDescription): Block[] {
  const { modules, positions } = description;
  return positions.map((position, index) => {
    const name = `${modules.blocks}.${index}`;
    const layers = ROLES.flatMap((role) => {
      const module = modules.block.layers[role];
      return module === undefined ? [] : [[role, makeLayer(description, role, `${name}.${module}`)] as const];
    });
    const norms = Object.entries(modules.block.norms).map(([place, module]) => [place, `${name}.${module}`]);
    return { ...position, layers: Object.fromEntries(layers), norms: Object.fromEntries(norms) };
  });
}

/** A block's layer that an architecture must have. */
export function layerOf({ layers }: Block, role: LayerRole): LinearLayer {
  const layer = layers[role];
  invariant(layer !== undefined, `the block has no layer for ${role}`);
  return layer;
}

function makeLayer(description: DecoderDescription, role: LayerRole, name: string): LinearLayer {
  const { hiddenSize: hidden, innerSize: inner, heads, kvHeads, headSize, biased } = description;
  const [queries, keys] = [heads * headSize, kvHeads * headSize];
  const sizes: Readonly<Record<LayerRole, readonly [inFeatures: number, outFeatures: number]>> = {
    query: [hidden, queries],
    key: [hidden, keys],
    value: [hidden, keys],
    'query-key-value': [hidden, queries + 2 * keys],
    output: [queries, hidden],
    gate: [hidden, inner],
    up: [hidden, inner],
    'gate-up': [hidden, 2 * inner],
    down: [inner, hidden],
  };
  const [inFeatures, outFeatures] = sizes[role];
  return { name, role, inFeatures, outFeatures, stored: 'out-in', bias: biased.includes(role) };
}

/** Sizes of a block's norm. */
export function normSize(description: DecoderDescription, place: keyof BlockModules['norms']): number {
  const { hiddenSize, heads, kvHeads, headSize, norm } = description;
  if (place !== 'query' && place !== 'key') return hiddenSize;
  return norm.headsTogether ? (place === 'query' ? heads : kvHeads) * headSize : headSize;
}

/** All weights: the embedding, the head if it is another, norms, layers. */
export function decoderWeights(
  description: DecoderDescription,
  blocks: readonly Block[],
  [embedding, head]: readonly [WeightSpec, WeightSpec],
): WeightSpec[] {
  const norms = [
    ...blocks.flatMap(({ norms: places }) =>
      Object.entries(places).map(
        ([place, name]) => [name, normSize(description, place as keyof BlockModules['norms'])] as const,
      ),
    ),
    [description.modules.finalNorm, description.hiddenSize] as const,
  ];
  return [
    embedding,
    ...(head === embedding ? [] : [head]),
    ...norms.flatMap(([name, size]) => normWeights(description, name, size)),
    ...blocks.flatMap(({ layers }) => Object.values(layers).flatMap(layerWeights)),
  ];
}

function normWeights({ norm }: DecoderDescription, name: string, size: number): WeightSpec[] {
  const gain = { name: `${name}.weight`, shape: [size] };
  if (norm.kind === 'rms-offset') return [{ ...gain, start: 0 }];
  return norm.kind === 'layer' ? [gain, { name: `${name}.bias`, shape: [size], start: 0 }] : [gain];
}
