/** One definition for the decoders that are described alike. */

import { unsupported } from '../config.ts';
import type { ModelDefinition, WeightSpec } from '../definition.ts';
import { decoderWeights, makeBlocks } from './blocks.ts';
import type { DecoderDescription, LayerPositions } from './description.ts';
import { forwardDecoder } from './forward-decoder.ts';

/** The model that a description tells of. Throws UserError `config-unsupported` when its heads do not fit. */
export function defineDecoder(description: DecoderDescription): ModelDefinition {
  const { heads, kvHeads, headSize, hiddenSize, vocabularySize, modules } = description;
  if (heads % kvHeads !== 0) throw unsupported('num_key_value_heads', kvHeads, `a divisor of ${heads}`);
  if (!Number.isInteger(headSize) || headSize < 1)
    throw unsupported('head_dim', headSize, 'a whole number from 1 on');
  const blocks = makeBlocks(description);
  const embedding: WeightSpec = { name: `${modules.embedding}.weight`, shape: [vocabularySize, hiddenSize] };
  const head = description.tied ? embedding : { ...embedding, name: 'lm_head.weight' };
  return {
    modelType: description.modelType,
    vocabularySize,
    contextLength: description.contextLength,
    hiddenSize,
    layers: blocks.flatMap(({ layers }) => Object.values(layers)),
    weights: decoderWeights(description, blocks, [embedding, head]),
    head: head.name,
    logitCap: description.logitCap ?? null,
    computed: {
      model_type: description.modelType,
      vocab_size: vocabularySize,
      hidden_size: hiddenSize,
      intermediate_size: description.innerSize,
      num_hidden_layers: blocks.length,
      num_attention_heads: heads,
      num_key_value_heads: kvHeads,
      head_dim: headSize,
      hidden_act: description.activationName,
      tie_word_embeddings: description.tied,
      ...describePositions(description.positions),
      ...description.computed,
    },
    warnings: [
      ...description.warnings,
      ...new Set(description.positions.flatMap(({ rotary }) => rotary?.warnings ?? [])),
    ],
    forward: (context, tokens) => forwardDecoder(description, blocks, embedding, context, tokens),
  };
}

/** Positions in a record: what all layers share under its own name, and by layer what they do not. */
function describePositions(positions: readonly LayerPositions[]): Record<string, number | string | boolean> {
  const byLayer = (tell: (position: LayerPositions) => unknown) => positions.map((one) => tell(one) ?? '-');
  const rotaries = [...new Set(positions.flatMap(({ rotary }) => rotary ?? []))];
  const described = rotaries.map(({ computed }, index) =>
    Object.fromEntries(
      Object.entries(computed).map(([key, value]) => [rotaries.length > 1 ? `${key}_${index}` : key, value]),
    ),
  );
  const turns = byLayer(({ rotary }) => (rotary === null ? null : rotaries.indexOf(rotary)));
  const windows = byLayer(({ window }) => window);
  return {
    ...Object.assign({}, ...described),
    ...(new Set(turns).size > 1 ? { rope_by_layer: turns.join(' ') } : {}),
    ...(windows.every((window) => window === '-') ? {} : { window_by_layer: windows.join(' ') }),
  };
}
