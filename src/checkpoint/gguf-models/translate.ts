/** A model in GGUF, told in Hugging Face's words: configuration and weight names; and the way back, for adapters. */
import { invariant, UserError } from '../../errors/index.ts';
import type { GgufHeader } from '../gguf.ts';
import type { GgufMetadata } from '../gguf-metadata.ts';
import type { RowOrder } from '../row-order.ts';
import { unsupportedFeature } from '../unsupported-feature.ts';
import type { WeightSource } from '../weight-source.ts';
import { GGUF_MODELS, ggufModelOf } from './architectures.ts';
import { GgufKeys } from './keys.ts';
import { type CommonConfig, type GgufModel, NORM_PARTS, QUERIES_AND_KEYS } from './names.ts';

/** The architecture of a header. Throws {@link UserError} `gguf-unsupported` for one that is not read. */
export function findGgufModel(path: string, metadata: GgufMetadata): GgufModel {
  const architecture = metadata.string('general.architecture');
  const model = GGUF_MODELS.get(architecture);
  if (model !== undefined) return model;
  throw new UserError('gguf-unsupported', {
    what: `${path} holds a model of an architecture that cannot be read from GGUF.`,
    got: architecture?.slice(0, 100) ?? 'no general.architecture',
    expected: `one of ${[...GGUF_MODELS.keys()].join(', ')}`,
    fix: 'use the Hugging Face folder of the model (config.json and safetensors), or a model of a listed architecture',
  });
}

/**
 * The model's configuration and weights in Hugging Face's words. Throws {@link UserError} `gguf-unsupported`,
 * `gguf-invalid`.
 */
export function translateGguf(
  path: string,
  { metadata, tensors }: GgufHeader,
): { config: Record<string, unknown>; weights: Map<string, WeightSource>; warnings: string[] } {
  const model = findGgufModel(path, metadata);
  const keys = new GgufKeys(path, metadata, model.architecture);
  const config = readConfig(keys, tensors, model);
  const weights = new Map<string, WeightSource>();
  for (const tensor of tensors) {
    if (model.factors?.includes(tensor.name)) continue;
    const { name, part } = translateName(path, tensor.name, model);
    const order = rowOrderOf(model, part, config.head_dim, config.num_attention_heads);
    if (order !== undefined) checkRows(tensor, order);
    weights.set(name, {
      ...tensor,
      name,
      ...(order !== undefined && { rowOrder: order }),
      ...(model.normsPlusOne && NORM_PARTS.includes(part) && { plusOne: true as const }),
    });
  }
  return { config, weights, warnings: keys.describeRest() };
}

function readConfig(keys: GgufKeys, tensors: readonly WeightSource[], model: GgufModel) {
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight');
  const width = keys.integer('embedding_length');
  const heads = keys.integer('attention.head_count');
  const headSize = keys.integer('attention.key_length', width / heads);
  keys.expect('attention.value_length', headSize);
  const common: CommonConfig = {
    hidden_size: width,
    num_hidden_layers: keys.integer('block_count'),
    num_attention_heads: heads,
    head_dim: headSize,
    max_position_embeddings: keys.integer('context_length'),
    rope_theta: keys.number('rope.freq_base', 10000),
  };
  const own = model.config(keys, tensors, common);
  // Turned whole, where an architecture does not say otherwise: asked for after it, which has read the key then.
  if (!('rotary_pct' in own) && !('partial_rotary_factor' in own))
    keys.expect('rope.dimension_count', headSize);
  return {
    model_type: model.modelTypes[0],
    architectures: [model.className],
    ...common,
    intermediate_size: keys.integer('feed_forward_length'),
    num_key_value_heads: keys.integer('attention.head_count_kv', heads),
    vocab_size: keys.integer('vocab_size', embedding?.shape[0]),
    tie_word_embeddings: tensors.every(({ name }) => name !== 'output.weight'),
    ...own,
  };
}

function translateName(path: string, name: string, model: GgufModel): { name: string; part: string } {
  const [, block, inBlock, outer, kind] = /^(?:blk\.(\d+)\.(\w+)|(\w+))\.(weight|bias)$/.exec(name) ?? [];
  const part = inBlock ?? outer ?? '';
  const modules = block === undefined ? model.outer : model.modules;
  const module = Object.hasOwn(modules, part) ? modules[part] : undefined;
  if (module === undefined) throw unsupportedFeature(path, `tensor ${name}`);
  return { name: `${block === undefined ? '' : `${model.blocks}.${block}.`}${module}.${kind}`, part };
}

function rowOrderOf(
  { rowOrder }: GgufModel,
  part: string,
  headSize: number,
  heads: number,
): RowOrder | undefined {
  if (rowOrder === undefined || !QUERIES_AND_KEYS.includes(part)) return undefined;
  return rowOrder === 'rotary-pairs' ? { kind: rowOrder, perHead: headSize } : { kind: rowOrder, heads };
}

function checkRows({ name, path, shape }: WeightSource, order: RowOrder): void {
  const rows = shape[0]!;
  const unit = order.kind === 'rotary-pairs' ? order.perHead : 3 * order.heads;
  if (rows % unit === 0 && (order.kind !== 'rotary-pairs' || unit % 2 === 0)) return;
  throw new UserError('gguf-invalid', {
    what: `Tensor ${name} of ${path} is not made of whole heads.`,
    got: `${rows} rows`,
    expected: `a multiple of ${unit}${order.kind === 'rotary-pairs' ? ', the head size, an even number' : ''}`,
    fix: 'convert the model again with a current llama.cpp',
  });
}

/** How llama.cpp calls and orders a model's weights. */
export interface GgufNames {
  readonly architecture: string;
  /** The GGUF name of a block's weight, and the order of its rows where that is another than Hugging Face's. */
  nameOf(weight: string): { readonly name: string; readonly rowOrder?: RowOrder };
}

/** Names for a model of this type with heads of this size; undefined for one that is not read from GGUF. */
export function findGgufNames(modelType: string, headSize: number, heads: number): GgufNames | undefined {
  const model = ggufModelOf(modelType);
  if (model === undefined) return undefined;
  const parts = new Map(Object.entries(model.modules).map(([part, module]) => [module, part]));
  return {
    architecture: model.architecture,
    nameOf(weight) {
      invariant(weight.startsWith(`${model.blocks}.`), `${weight} is no weight of a block`);
      const [block, ...rest] = weight.slice(model.blocks.length + 1).split('.');
      const kind = rest.pop();
      const part = parts.get(rest.join('.'));
      invariant(part !== undefined, `${weight} has no name in GGUF`);
      const rowOrder = rowOrderOf(model, part, headSize, heads);
      return { name: `blk.${block}.${part}.${kind}`, ...(rowOrder !== undefined && { rowOrder }) };
    },
  };
}
