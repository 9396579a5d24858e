/** Rotary position tables, with the scalings that Llama checkpoints use; a config means what it does to transformers. */
import { z } from 'zod';
import { someOf } from '../errors/index.ts';
import { parseConfig, shorten, unsupported } from './config.ts';

const scalingSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().nullish(),
  low_freq_factor: z.number().positive().nullish(),
  high_freq_factor: z.number().positive().nullish(),
  original_max_position_embeddings: z.number().positive().optional(),
  partial_rotary_factor: z.number().nullish(),
});
type Scaling = z.infer<typeof scalingSchema>;

/**
 * The config fields that positions depend on; transformers 5 writes `rope_parameters`, older ones the others. The two
 * objects are only looked into where they count.
 */
export const ropeSchema = {
  rope_theta: z.number().positive().nullish(),
  rope_scaling: z.record(z.string(), z.unknown()).nullish(),
  rope_parameters: z.record(z.string(), z.unknown()).nullish(),
  original_max_position_embeddings: z.number().positive().nullish(),
};

interface RopeConfig {
  readonly max_position_embeddings: number;
  readonly rope_theta?: number | null | undefined;
  readonly rope_scaling?: Readonly<Record<string, unknown>> | null | undefined;
  readonly rope_parameters?: Readonly<Record<string, unknown>> | null | undefined;
  readonly original_max_position_embeddings?: number | null | undefined;
}

export interface Rotary {
  readonly theta: number;
  /** How the scaling changes one frequency. */
  readonly rescale: (frequency: number) => number;
  /** All that the frequencies depend on, whichever fields said it. */
  readonly computed: Readonly<Record<string, number | string>>;
  /** What the config says that has no effect, in whole sentences. */
  readonly warnings: readonly string[];
}

/** What each type of scaling computes with, beside θ. */
const USED_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['default', []],
  ['linear', ['factor']],
  ['llama3', ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings']],
]);
const COMMON_FIELDS = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor'];

/**
 * Frequencies as transformers 5.24 takes them from a config: `rope_scaling` goes before `rope_parameters`, and brings
 * no θ of its own from there. Throws UserError `config-invalid`, `config-unsupported`.
 */
export function readRotary(config: RopeConfig): Rotary {
  const { rope_scaling: old, rope_parameters: current } = config;
  const isOld = old != null && Object.keys(old).length > 0;
  const field = isOld ? 'rope_scaling' : 'rope_parameters';
  const scaling = parseConfig(scalingSchema, (isOld ? old : current) ?? {}, `llama (${field})`);
  const type = scaling.rope_type ?? scaling.type ?? 'default';
  const used = USED_FIELDS.get(type);
  if (used === undefined) throw unsupported(`${field}, type`, type, [...USED_FIELDS.keys()].join(', '));
  const idle = Object.entries(scaling).filter(
    ([key, value]) => value !== null && !used.includes(key) && !COMMON_FIELDS.includes(key),
  );
  const nested = idle.find(([, value]) => typeof value === 'object' && !Array.isArray(value));
  if (nested !== undefined)
    throw unsupported(field, { [nested[0]]: nested[1] }, 'one scaling for all layers');
  const { partial_rotary_factor: turned } = scaling;
  if (turned != null && turned !== 1) throw unsupported(`${field}.partial_rotary_factor`, turned, '1');
  const warnings: string[] = [];
  if (idle.length > 0) {
    const said = someOf(idle.map(([key, value]) => `${key} = ${shorten(value)}`));
    warnings.push(`In the config's ${field} nothing is made of ${said}: type "${type}" does not read it.`);
  }
  if (isOld && current != null && JSON.stringify(old) !== JSON.stringify(current)) {
    warnings.push(
      'The config has both rope_scaling and rope_parameters: the first counts, as in transformers.',
    );
  }
  const { rope_theta: root = 10_000 } = config;
  const { rope_theta: theta = root } = scaling;
  if (theta === null) throw unsupported('rope_theta', null, 'a number, or no such field');
  return { theta, ...rescaling(type, scaling, field, config, theta), warnings };
}

function rescaling(
  type: string,
  scaling: Scaling,
  field: string,
  config: RopeConfig,
  theta: number,
): Pick<Rotary, 'rescale' | 'computed'> {
  const needed = (key: 'factor' | 'low_freq_factor' | 'high_freq_factor'): number => {
    const value = scaling[key];
    if (value == null) throw unsupported(`${field}.${key}`, value, `a number: type "${type}" needs it`);
    return value;
  };
  const common = { rope_theta: theta, rope_type: type };
  if (type === 'default') return { rescale: (frequency) => frequency, computed: common };
  const factor = needed('factor');
  if (type === 'linear')
    return { rescale: (frequency) => frequency / factor, computed: { ...common, rope_factor: factor } };
  const [low, high] = [needed('low_freq_factor'), needed('high_freq_factor')];
  if (low >= high) throw unsupported(`${field}.low_freq_factor`, low, `less than high_freq_factor = ${high}`);
  const inside = scaling.original_max_position_embeddings ?? config.max_position_embeddings;
  const { original_max_position_embeddings: original = inside } = config;
  if (original === null)
    throw unsupported('original_max_position_embeddings', null, 'a number, or no such field');
  return {
    // Llama 3.1: long waves are slowed by `factor`, short ones kept, those between blended.
    rescale: (frequency) => {
      const turns = (original * frequency) / (2 * Math.PI);
      const blend = Math.min(1, Math.max(0, (turns - low) / (high - low)));
      return (1 - blend) * (frequency / factor) + blend * frequency;
    },
    computed: {
      ...common,
      rope_factor: factor,
      rope_low_freq_factor: low,
      rope_high_freq_factor: high,
      rope_original_max_position_embeddings: original,
    },
  };
}

/** cos and sin of position · frequency, each [seqLen, headSize / 2]. */
export function rotaryTables(
  { theta, rescale }: Rotary,
  headSize: number,
  seqLen: number,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const half = headSize / 2;
  const frequencies = Array.from({ length: half }, (_, i) => rescale(theta ** (-i / half)));
  const angles = Float64Array.from(
    { length: seqLen * half },
    (_, i) => Math.floor(i / half) * frequencies[i % half]!,
  );
  return { cos: Float32Array.from(angles, Math.cos), sin: Float32Array.from(angles, Math.sin) };
}
