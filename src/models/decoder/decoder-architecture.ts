/** From a config to a described decoder: what is the same for every architecture whose config looks like Llama's. */
import { z } from 'zod';
import { checkLayerCount, checkOtherFields, LAYER_LIMIT, parseConfig, unsupported } from '../config.ts';
import type { Architecture } from '../definition.ts';
import { findActivation, oneSpelling } from './activations.ts';
import { defineDecoder } from './decoder.ts';
import type { DecoderDescription, DecoderModules, LayerPositions } from './description.ts';
import type { Rotary } from './rotary.ts';

type Config = Readonly<Record<string, unknown>>;

/** What an architecture says beyond its sizes; see {@link DecoderDescription}. */
type Said = Omit<
  DecoderDescription,
  | 'modelType'
  | 'modules'
  | 'vocabularySize'
  | 'contextLength'
  | 'hiddenSize'
  | 'innerSize'
  | 'heads'
  | 'tied'
  | 'activation'
  | 'activationName'
  | 'warnings'
> & {
  /** The field that names the activation of the MLP, and the name. */
  readonly activation: readonly [field: string, name: string];
  readonly warnings?: readonly string[];
};

/** The fields that all of them have. */
interface Sizes {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly max_position_embeddings: number;
  readonly tie_word_embeddings: boolean;
}

/** Their schema; a config that leaves one out means what the architecture's class in transformers does. */
export function sizeFields(defaults: Sizes) {
  const size = (value: number) => z.int().positive().default(value);
  return {
    vocab_size: size(defaults.vocab_size),
    hidden_size: size(defaults.hidden_size),
    intermediate_size: size(defaults.intermediate_size),
    num_hidden_layers: size(defaults.num_hidden_layers),
    num_attention_heads: size(defaults.num_attention_heads),
    max_position_embeddings: size(defaults.max_position_embeddings),
    tie_word_embeddings: z.boolean().default(defaults.tie_word_embeddings),
  };
}

/** Key and value heads; null stands for as many as there are query heads, where the architecture knows null. */
export const kvHeadsField = (value: number | null) => z.int().positive().nullable().default(value);

/** Fields of windows and of kinds of layers. */
export const windowField = z.int().positive().nullable();
export const layerTypesField = z.array(z.enum(['full_attention', 'sliding_attention'])).nullish();

interface DecoderSpec<Schema extends z.ZodType<Sizes>> {
  readonly modelType: string;
  readonly modules: DecoderModules;
  readonly schema: Schema & { readonly shape: Readonly<Record<string, unknown>> };
  readonly tiedByDefault: boolean;
  readonly oldHead?: string;
  /** Fields that transformers leaves alone here, with the value at which they say nothing. */
  readonly others?: (config: z.output<Schema>) => Config;
  readonly describe: (config: z.output<Schema>, raw: Config) => Said;
}

/** An architecture from what is its own. */
export function decoderArchitecture<Schema extends z.ZodType<Sizes>>(
  spec: DecoderSpec<Schema>,
): Architecture {
  const { modelType, modules, schema, tiedByDefault, oldHead } = spec;
  const [base, embedding] = parts(modules.embedding);
  return {
    base,
    modules: {
      embedding,
      blocks: parts(modules.blocks)[1],
      others: [parts(modules.finalNorm)[1]],
    },
    tiedByDefault,
    ...(oldHead !== undefined && { oldHead }),
    define(config, layerLimit = LAYER_LIMIT) {
      const c = parseConfig(schema, config, modelType);
      const told = checkOtherFields(config, Object.keys(schema.shape), spec.others?.(c));
      checkLayerCount('num_hidden_layers', c.num_hidden_layers, layerLimit);
      const { activation, warnings = [], ...said } = spec.describe(c, config);
      return defineDecoder({
        ...said,
        modelType,
        modules,
        vocabularySize: c.vocab_size,
        contextLength: c.max_position_embeddings,
        hiddenSize: c.hidden_size,
        innerSize: c.intermediate_size,
        heads: c.num_attention_heads,
        tied: c.tie_word_embeddings,
        activation: findActivation(...activation),
        activationName: oneSpelling(activation[1]),
        warnings: [...told, ...warnings],
      });
    },
  };
}

function parts(name: string): [base: string, module: string] {
  const dot = name.indexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
}

/** Refuses sizes that the heads do not divide, where transformers does. */
export function checkHeadsDivide({ hidden_size: hidden, num_attention_heads: heads }: Sizes): void {
  if (hidden % heads !== 0)
    throw unsupported('hidden_size', hidden, `a multiple of num_attention_heads = ${heads}`);
}

/** The same for every layer. */
export const everyLayer = ({ num_hidden_layers: count }: Sizes, position: LayerPositions): LayerPositions[] =>
  new Array<LayerPositions>(count).fill(position);

/** By `layer_types`: a sliding layer has the window. Throws UserError `config-unsupported`. */
export function positionsByType(
  types: readonly ('full_attention' | 'sliding_attention')[],
  { num_hidden_layers: count }: Sizes,
  window: number | null,
  rotary: (type: 'full_attention' | 'sliding_attention', index: number) => Rotary | null,
): LayerPositions[] {
  if (types.length !== count)
    throw unsupported('layer_types', types, `${count} entries, one per layer of num_hidden_layers`);
  return types.map((type, index) => {
    if (type === 'full_attention') return { rotary: rotary(type, index), window: null };
    if (window === null)
      throw unsupported('sliding_window', null, 'a number: layer_types has layers of "sliding_attention"');
    return { rotary: rotary(type, index), window };
  });
}
