/** Rotary positions: which components of a head turn, and how fast; a config means what it does to transformers 5.24. */
import { z } from 'zod';
import { someOf } from '../../errors/index.ts';
import { parseConfig, shorten, unsupported } from '../config.ts';
import { SCALINGS } from './rope-scaling.ts';

/** The config fields that positions depend on; transformers 5 writes `rope_parameters`, older ones the others. */
export const ropeSchema = {
  rope_theta: z.number().positive().nullish(),
  rope_scaling: z.record(z.string(), z.unknown()).nullish(),
  rope_parameters: z.record(z.string(), z.unknown()).nullish(),
  original_max_position_embeddings: z.number().positive().nullish(),
};

const scalingSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().positive().nullish(),
});

/** What a config says of its positions; the two objects are only looked into where they count. */
export interface RopeConfig {
  readonly max_position_embeddings: number;
  readonly rope_theta?: number | null | undefined;
  readonly rope_scaling?: Readonly<Record<string, unknown>> | null | undefined;
  readonly rope_parameters?: Readonly<Record<string, unknown>> | null | undefined;
  readonly original_max_position_embeddings?: number | null | undefined;
}

/** What an architecture makes of it. */
export interface RopeRules {
  /** For messages. */
  readonly modelType: string;
  /** Components of a head. */
  readonly headSize: number;
  /** θ of a config that says none; default 10,000. */
  readonly theta?: number;
  /** What the config calls θ where no scaling brings its own (`rope_theta`). */
  readonly rootField?: string;
  /** Share of a head that turns where the config says none; absent where the architecture always turns all of it. */
  readonly partial?: number;
  /** Types of scaling as the architecture spells them, by what they mean; default every one under its own name. */
  readonly types?: Readonly<Record<string, string>>;
}

/** How the positions of a layer turn its queries and keys. */
export interface Rotary {
  /** Components of a head that turn, the first ones: an even number. */
  readonly turned: number;
  /** Angles per position of each pair of components, in a pass over sequences of this length: turned / 2 numbers. */
  readonly frequencies: (seqLen: number) => readonly number[];
  /** Factor of the turned components. */
  readonly attentionFactor: number;
  /** All that the frequencies depend on, whichever fields said it. */
  readonly computed: Readonly<Record<string, number | string | boolean>>;
  /** What the config says that has no effect, in whole sentences. */
  readonly warnings: readonly string[];
}

const COMMON_FIELDS = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor'];

/**
 * Frequencies as transformers 5.24 takes them from a config: `rope_scaling` goes before `rope_parameters`, and brings
 * no θ of its own from there. Throws UserError `config-invalid`, `config-unsupported`.
 */
export function readRotary(config: RopeConfig, rules: RopeRules): Rotary {
  const { rope_scaling: old, rope_parameters: current } = config;
  const isOld = old != null && Object.keys(old).length > 0;
  const field = isOld ? 'rope_scaling' : 'rope_parameters';
  const warnings =
    isOld && current != null && JSON.stringify(old) !== JSON.stringify(current)
      ? ['The config has both rope_scaling and rope_parameters: the first counts, as in transformers.']
      : [];
  const rotary = readScaling(field, (isOld ? old : current) ?? {}, config, rules);
  return { ...rotary, warnings: [...rotary.warnings, ...warnings] };
}

/** One scaling, which stands under `field`. */
export function readScaling(
  field: string,
  value: Readonly<Record<string, unknown>>,
  config: RopeConfig,
  rules: RopeRules,
): Rotary {
  const { modelType, headSize, types = {}, rootField = 'rope_theta' } = rules;
  const said = parseConfig(scalingSchema, value, `${modelType} (${field})`);
  const spelled = said.rope_type ?? said.type ?? 'default';
  const known =
    Object.keys(types).length > 0 ? types : Object.fromEntries([...SCALINGS.keys()].map((one) => [one, one]));
  const type = Object.hasOwn(known, spelled) ? known[spelled]! : undefined;
  if (type === undefined) throw unsupported(`${field}, type`, spelled, Object.keys(known).join(', '));
  const { fields, scale } = SCALINGS.get(type)!;
  const idle = Object.entries(said).filter(
    ([key, one]) => one != null && !fields.includes(key) && !COMMON_FIELDS.includes(key),
  );
  const nested = idle.find(([, one]) => typeof one === 'object' && !Array.isArray(one));
  if (nested !== undefined)
    throw unsupported(field, { [nested[0]]: nested[1] }, 'one scaling for all layers');
  const { rope_theta: root = rules.theta ?? 10_000 } = config;
  const { rope_theta: theta = root } = said;
  if (theta === null) throw unsupported('rope_theta', null, 'a number, or no such field');
  const dimension = turnedPart(field, said.partial_rotary_factor ?? undefined, rules);
  const {
    frequencies,
    attentionFactor = 1,
    computed,
  } = scale({ field, type, said, config, theta, dimension });
  return {
    turned: 2 * Math.ceil(dimension / 2),
    frequencies,
    attentionFactor,
    computed: {
      rope_theta: theta,
      rope_type: type,
      ...(dimension === headSize ? {} : { rope_dimension: dimension }),
      ...computed,
    },
    warnings: [
      ...(root === null || root === theta || config.rope_theta === undefined
        ? []
        : [
            `The config's ${rootField} is ${root}, the rope_theta of its ${field} ${theta}: the second counts, as in transformers.`,
          ]),
      ...(idle.length === 0
        ? []
        : [
            `In the config's ${field} nothing is made of ` +
              `${someOf(idle.map(([key, one]) => `${key} = ${shorten(one)}`))}: type "${spelled}" does not read it.`,
          ]),
    ],
  };
}

/** Components that turn; transformers rounds down, and gives an odd one a partner. */
function turnedPart(field: string, said: number | undefined, { headSize, partial }: RopeRules): number {
  if (partial === undefined && said !== undefined && said !== 1)
    throw unsupported(`${field}.partial_rotary_factor`, said, '1');
  const share = said ?? partial ?? 1;
  const dimension = Math.trunc(headSize * share);
  if (dimension >= 1 && 2 * Math.ceil(dimension / 2) <= headSize) return dimension;
  throw unsupported(
    share === 1 ? 'head_dim' : `${field}.partial_rotary_factor`,
    share === 1 ? headSize : share,
    share === 1 ? 'an even whole number' : `a share of a head of ${headSize} that is at least one pair`,
  );
}

/** cos and sin of position · frequency, each [seqLen, turned / 2]. */
export function rotaryTables(
  { frequencies, attentionFactor, turned }: Rotary,
  seqLen: number,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const half = turned / 2;
  const speeds = frequencies(seqLen);
  const angles = Float64Array.from(
    { length: seqLen * half },
    (_, i) => Math.floor(i / half) * speeds[i % half]!,
  );
  return {
    cos: Float32Array.from(angles, (angle) => attentionFactor * Math.cos(angle)),
    sin: Float32Array.from(angles, (angle) => attentionFactor * Math.sin(angle)),
  };
}
