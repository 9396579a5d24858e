/** Reading a Hugging Face config with clear errors, as transformers 5.24 reads it. */
import { z } from 'zod';
import { UserError } from '../errors/index.ts';

type Config = Readonly<Record<string, unknown>>;

/** Checks the fields that an architecture computes with; {@link checkOtherFields} looks at the others. */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  config: unknown,
  architecture: string,
): z.output<S> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new UserError('config-invalid', {
    what: `the model's config does not describe a ${architecture} model`,
    got: z.prettifyError(parsed.error).split('\n'),
    expected: `the fields that Hugging Face writes for model_type "${architecture}"`,
    fix: 'check config.json beside the weights',
  });
}

/** Raised when a config asks for something that this program does not compute. */
export function unsupported(field: string, got: unknown, expected: string): UserError {
  return new UserError('config-unsupported', {
    what: `the model's config asks for something that is not supported here`,
    got: `${field} = ${shorten(got)}`,
    expected,
    fix: 'use a model without it, or open an issue with the config',
  });
}

/** A value of a config as JSON, cut to what a message can hold. */
export function shorten(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

/** Layers of a config that has no weights yet: far above any real model, and quickly made. */
export const LAYER_LIMIT = 10_000;

/** Before a layer is made: no more of them than `limit`, those that a checkpoint holds weights of. */
export function checkLayerCount(field: string, count: number, limit: number): void {
  if (count <= limit) return;
  throw new UserError('config-invalid', {
    what: `the model's config has more layers than there are weights for`,
    got: `${field} = ${count}`,
    expected: `at most ${limit}`,
    fix: 'check that config.json belongs to these weights',
  });
}

/**
 * Fields that change what transformers computes and that nothing here computes, each with the value at which it
 * changes nothing; an absent field and null never do.
 */
const NEUTRAL: Config = {
  add_cross_attention: false,
  compression_config: null,
  is_causal: true,
  is_encoder_decoder: false,
  partial_rotary_factor: 1,
  per_layer_config: {},
  pruned_heads: {},
  quantization_config: null,
};

/**
 * Fields of other architectures, each with the value at which it says nothing. transformers reads
 * none of them where the architecture does not, and neither does this program: a model that was trained with one of them is not computed as meant.
 */
const FOREIGN: Config = {
  alibi: false,
  attention_bias: null,
  attention_multiplier: null,
  attn_logit_softcapping: null,
  auto_map: null,
  clip_qkv: null,
  embedding_multiplier: 1,
  final_logit_softcapping: null,
  layer_types: 'full_attention',
  logit_scale: 1,
  logits_scaling: 1,
  mlp_bias: null,
  n_routed_experts: 0,
  no_rope_layers: null,
  num_experts: 0,
  num_local_experts: 0,
  qk_layernorm: false,
  query_pre_attn_scalar: null,
  residual_multiplier: 1,
  rope_interleaved: false,
  sliding_window: null,
  use_qk_norm: false,
};

/**
 * Looks at the fields that are not computed. Everything that is in neither table says nothing about numbers: how to
 * train (dropout, initializer_range), generate (use_cache, ids of tokens), store (dtype) or lay out (pretraining_tp).
 * Throws UserError `config-unsupported`.
 *
 * @param read fields that the architecture computes with.
 * @param others fields of this architecture that transformers leaves alone, each with the value at which it says nothing.
 * @returns what was found that transformers does not compute either.
 */
export function checkOtherFields(config: Config, read: readonly string[], others: Config = {}): string[] {
  for (const [field, neutral] of Object.entries(NEUTRAL)) {
    if (!read.includes(field) && says(config, field, neutral))
      throw unsupported(field, config[field], shorten(neutral));
  }
  return Object.entries({ ...FOREIGN, ...others })
    .filter(([field, neutral]) => !read.includes(field) && says(config, field, neutral))
    .map(
      ([field]) =>
        `The config says ${field} = ${shorten(config[field])}, which is not computed: transformers does not read ` +
        `it for model_type ${shorten(config.model_type)} either.`,
    );
}

function says(config: Config, field: string, neutral: unknown): boolean {
  const value = Object.hasOwn(config, field) ? config[field] : null;
  const values = Array.isArray(value) ? value : [value];
  return values.some((one) => one !== null && JSON.stringify(one) !== JSON.stringify(neutral));
}
