/** The ways in which rotary frequencies are scaled: transformers 5.24, modeling_rope_utils.py. */
import { z } from 'zod';
import { parseConfig, unsupported } from '../config.ts';
import type { RopeConfig } from './rotary.ts';

/** What the frequencies of a config are made from. */
interface ScalingInput {
  /** Where the scaling stands, for messages. */
  readonly field: string;
  readonly type: string;
  readonly said: Readonly<Record<string, unknown>>;
  readonly config: RopeConfig;
  readonly theta: number;
  /** Components that turn, before an odd one is given a partner. */
  readonly dimension: number;
}

interface Scaled {
  readonly frequencies: (seqLen: number) => readonly number[];
  readonly attentionFactor?: number;
  readonly computed: Readonly<Record<string, number | string | boolean>>;
}

interface Scaling {
  /** What it reads, beside θ and the share of a head. */
  readonly fields: readonly string[];
  readonly scale: (input: ScalingInput) => Scaled;
}

const scalingSchema = z.object({
  factor: z.number().positive().nullish(),
  low_freq_factor: z.number().positive().nullish(),
  high_freq_factor: z.number().positive().nullish(),
  original_max_position_embeddings: z.number().positive().optional(),
  attention_factor: z.number().nonnegative().nullish(),
  beta_fast: z.number().nonnegative().nullish(),
  beta_slow: z.number().nonnegative().nullish(),
  mscale: z.number().nonnegative().nullish(),
  mscale_all_dim: z.number().nonnegative().nullish(),
  truncate: z.boolean().optional(),
  short_factor: z.array(z.number().positive()).optional(),
  long_factor: z.array(z.number().positive()).optional(),
});
type Parameters = z.infer<typeof scalingSchema>;

const ORIGINAL = 'original_max_position_embeddings';

const read = ({ said, type, field }: ScalingInput): Parameters =>
  parseConfig(scalingSchema, said, `rotary (${field}, type "${type}")`);

function needed<Key extends keyof Parameters>(
  { type, field }: ScalingInput,
  parameters: Parameters,
  key: Key,
): NonNullable<Parameters[Key]> {
  const value = parameters[key];
  if (value != null) return value;
  throw unsupported(`${field}.${key}`, value, `a value: type "${type}" needs it`);
}

/** The context before scaling: the config root's word goes before the scaling's own. */
function originalContext({ config }: ScalingInput, parameters: Parameters): number {
  const inside = parameters[ORIGINAL] ?? config.max_position_embeddings;
  const { [ORIGINAL]: original = inside } = config;
  if (original === null) throw unsupported(ORIGINAL, null, 'a number, or no such field');
  return original;
}

/** θ^(−2i / dimension), one per pair. */
const plain = (theta: number, dimension: number): number[] =>
  Array.from({ length: Math.ceil(dimension / 2) }, (_, i) => theta ** ((-2 * i) / dimension));

/** Llama 3.1: long waves are slowed by `factor`, short ones kept, those between blended. */
function scaleLlama3(input: ScalingInput): Scaled {
  const parameters = read(input);
  const factor = needed(input, parameters, 'factor');
  const low = needed(input, parameters, 'low_freq_factor');
  const high = needed(input, parameters, 'high_freq_factor');
  if (low >= high)
    throw unsupported(`${input.field}.low_freq_factor`, low, `less than high_freq_factor = ${high}`);
  const original = originalContext(input, parameters);
  return {
    frequencies: () =>
      plain(input.theta, input.dimension).map((frequency) => {
        const turns = (original * frequency) / (2 * Math.PI);
        const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
        return (1 - kept) * (frequency / factor) + kept * frequency;
      }),
    computed: {
      rope_factor: factor,
      rope_low_freq_factor: low,
      rope_high_freq_factor: high,
      rope_original_max_position_embeddings: original,
    },
  };
}

/** NTK: from the context on, θ grows with the length of the sequences of a pass. */
function scaleDynamic(input: ScalingInput): Scaled {
  const { theta, dimension, config } = input;
  const factor = needed(input, read(input), 'factor');
  const context = config.max_position_embeddings;
  if (dimension <= 2) throw unsupported('head_dim', dimension, 'more than 2 components that turn');
  return {
    frequencies: (seqLen) => {
      const growth = (factor * Math.max(seqLen, context)) / context - (factor - 1);
      return plain(theta * growth ** (dimension / (dimension - 2)), dimension);
    },
    computed: { rope_factor: factor, rope_max_position_embeddings: context },
  };
}

/** YaRN (arXiv 2309.00071): components that turn often are kept, those that turn seldom slowed, a ramp between. */
function scaleYarn(input: ScalingInput): Scaled {
  const { theta, dimension, config, field } = input;
  const parameters = read(input);
  if (dimension % 2 !== 0) throw unsupported('head_dim', dimension, 'an even number of components that turn');
  if (theta <= 1) throw unsupported(`${field}.rope_theta`, theta, 'a number above 1');
  if (parameters.factor === undefined) needed(input, parameters, 'factor');
  const original = originalContext(input, parameters);
  const factor = parameters.factor ?? config.max_position_embeddings / original;
  const { mscale, mscale_all_dim: mscaleAll, truncate = true } = parameters;
  const growth = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const attentionFactor =
    parameters.attention_factor ?? (mscale && mscaleAll ? growth(mscale) / growth(mscaleAll) : growth(1));
  const [fast, slow] = [parameters.beta_fast || 32, parameters.beta_slow || 1];
  const place = (turns: number) =>
    (dimension * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const low = Math.max(truncate ? Math.floor(place(fast)) : place(fast), 0);
  const high = Math.min(truncate ? Math.ceil(place(slow)) : place(slow), dimension - 1);
  const width = low === high ? 0.001 : high - low;
  return {
    frequencies: () =>
      plain(theta, dimension).map((frequency, i) => {
        const slowed = Math.min(1, Math.max(0, (i - low) / width));
        return (frequency / factor) * slowed + frequency * (1 - slowed);
      }),
    attentionFactor,
    computed: {
      rope_factor: factor,
      rope_attention_factor: attentionFactor,
      rope_low: low,
      rope_high: high,
      rope_original_max_position_embeddings: original,
    },
  };
}

/** LongRoPE (arXiv 2402.13753): every component is slowed by a factor of its own, by others where sequences are long. */
function scaleLongRope(input: ScalingInput): Scaled {
  const { theta, dimension, config, field } = input;
  const parameters = read(input);
  const original = originalContext(input, parameters);
  const factor = parameters.factor ?? config.max_position_embeddings / original;
  const attentionFactor =
    parameters.attention_factor ?? (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original)));
  const slowed = (key: 'short_factor' | 'long_factor') => {
    const factors = needed(input, parameters, key);
    const pairs = Math.ceil(dimension / 2);
    if (factors.length !== pairs)
      throw unsupported(`${field}.${key}`, factors, `${pairs} numbers, one per pair that turns`);
    return () => plain(theta, dimension).map((frequency, i) => frequency / factors[i]!);
  };
  const [short, long] = [slowed('short_factor'), slowed('long_factor')];
  return {
    frequencies: (seqLen) => (seqLen > original ? long : short)(),
    attentionFactor,
    computed: {
      rope_short_factor: parameters.short_factor!.join(' '),
      rope_long_factor: parameters.long_factor!.join(' '),
      rope_attention_factor: attentionFactor,
      rope_original_max_position_embeddings: original,
    },
  };
}

/** By the names that transformers gives them. */
export const SCALINGS: ReadonlyMap<string, Scaling> = new Map([
  [
    'default',
    {
      fields: [],
      scale: ({ theta, dimension }) => ({ frequencies: () => plain(theta, dimension), computed: {} }),
    },
  ],
  [
    'linear',
    {
      fields: ['factor'],
      scale: (input) => {
        const factor = needed(input, read(input), 'factor');
        return {
          frequencies: () => plain(input.theta, input.dimension).map((frequency) => frequency / factor),
          computed: { rope_factor: factor },
        };
      },
    },
  ],
  ['llama3', { fields: ['factor', 'low_freq_factor', 'high_freq_factor', ORIGINAL], scale: scaleLlama3 }],
  ['dynamic', { fields: ['factor'], scale: scaleDynamic }],
  [
    'yarn',
    {
      fields: [
        ...['factor', 'attention_factor', 'beta_fast', 'beta_slow', 'mscale', 'mscale_all_dim', 'truncate'],
        ORIGINAL,
      ],
      scale: scaleYarn,
    },
  ],
  [
    'longrope',
    {
      fields: ['factor', 'attention_factor', 'short_factor', 'long_factor', ORIGINAL],
      scale: scaleLongRope,
    },
  ],
]);
