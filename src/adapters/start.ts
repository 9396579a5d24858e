/** Adapters at their start: an update of zero, unless noise is asked for. */
import { resolve } from 'node:path';
import type { Frame } from '../coverage/index.ts';
import { invariant } from '../errors/index.ts';
import { type LinearLayer, type Model, originOf } from '../models/index.ts';
import { float32, leadingColumns, type Matrix, type Rng, sizeOf, type Tensor } from '../numeric/index.ts';
import type { AdapterFamily, AdapterRecord } from '../record/index.ts';
import type { Adapter, LayerAdapter, Side } from './adapter.ts';
import { FAMILY_RULES } from './families.ts';
import { trainedShapes } from './layer-update.ts';

/** What an adapter on one layer shall be. */
export interface LayerPlan {
  readonly layer: LinearLayer;
  readonly family: AdapterFamily;
  readonly basis: string;
  readonly rank: number;
  readonly scale: number;
}

export interface StartOptions {
  /** `noise`: a core M of N(0, 1e-5²) instead of zero (LoRA-XS starts so). */
  readonly start: 'zero' | 'noise';
  readonly rng: Rng;
}

/**
 * The adapter of one layer before its first step, with ΔW = 0 (or a core of noise).
 *
 * @param frame of at least `rank` columns; null where none {@link needsFrame}.
 */
export function startLayerAdapter(
  { layer, family, basis, rank, scale }: LayerPlan,
  frame: Frame | null,
  { start, rng }: StartOptions,
): LayerAdapter {
  const side = (name: Side): Tensor => {
    invariant(frame !== null, `${family} on ${layer.name} needs a frame`);
    return toTensor(leadingColumns(frame[name], rank));
  };
  const rule = FAMILY_RULES[family];
  const shapes = trainedShapes(family, layer, rank);
  const zeros = Object.entries(shapes).map(([part, shape]) => [
    part,
    float32(shape, new Float32Array(sizeOf(shape))),
  ]);
  const begun = rule.start({
    m: layer.inFeatures,
    basis,
    noise: start === 'noise',
    side,
    normal: (part, deviation) => normal(shapes[part]!, deviation, rng),
  });
  return {
    layer,
    family,
    basis,
    rank,
    scale,
    frozen: Object.fromEntries(rule.frozen.map((name) => [name, side(name)])),
    trained: { ...Object.fromEntries(zeros), ...begun },
  };
}

/** Whether an adapter of this family and basis is made from a frame. */
export const needsFrame = (family: AdapterFamily, basis: string): boolean =>
  FAMILY_RULES[family].needsFrame(basis);

/** Puts layer adapters together as an adapter of a model. */
export async function createAdapter(
  model: Pick<Model, 'path' | 'name' | 'definition' | 'checkpoint'>,
  layers: readonly LayerAdapter[],
): Promise<Adapter> {
  const record: AdapterRecord = {
    schema: 'rankscope.adapter',
    version: 1,
    model: {
      // Whole, so that the adapter finds its model from any folder.
      path: resolve(model.path),
      ...originOf(model.path),
      name: model.name,
      architecture: model.definition.modelType,
      sha256: await model.checkpoint.sha256(),
      config: model.definition.computed,
    },
    layers: layers.map(({ layer, family, basis, rank, scale }) => {
      const { name, inFeatures, outFeatures, stored, bias } = layer;
      return { name, family, basis, rank, scale, inFeatures, outFeatures, stored, bias };
    }),
    trainedParameters: trainedParameters(layers),
  };
  return { record, layers };
}

/** Numbers that are trained. */
export function trainedParameters(layers: readonly LayerAdapter[]): number {
  return layers
    .flatMap(({ trained }) => Object.values(trained))
    .reduce((sum, { data }) => sum + data.length, 0);
}

const toTensor = ({ rows, cols, data }: Matrix): Tensor => float32([rows, cols], data);

function normal(shape: readonly number[], deviation: number, rng: Rng): Tensor {
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, () => deviation * rng.normal()),
  );
}
