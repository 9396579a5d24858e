/** Rotary position tables, with the scalings that Llama checkpoints use. */
import { z } from 'zod';
import { unsupported } from './config.ts';

const scalingSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: z.number().positive().optional(),
});

/** The config fields that positions depend on; transformers 5 writes `rope_parameters`. */
export const ropeSchema = {
  rope_theta: z.number().positive().optional(),
  rope_scaling: scalingSchema.nullish(),
  rope_parameters: scalingSchema.nullish(),
};

interface RopeConfig {
  readonly rope_theta?: number | undefined;
  readonly rope_scaling?: z.infer<typeof scalingSchema> | null | undefined;
  readonly rope_parameters?: z.infer<typeof scalingSchema> | null | undefined;
}

/** cos and sin of position · frequency, each [seqLen, headSize / 2], for any length. */
export function rotaryTables(
  config: RopeConfig,
  headSize: number,
): (seqLen: number) => { readonly cos: Float32Array; readonly sin: Float32Array } {
  const scaling = config.rope_parameters ?? config.rope_scaling ?? {};
  const theta = scaling.rope_theta ?? config.rope_theta ?? 10_000;
  const half = headSize / 2;
  const plain = Array.from({ length: half }, (_, i) => theta ** (-i / half));
  const frequencies = plain.map(rescaling(scaling));
  return (seqLen) => {
    const angles = Float64Array.from(
      { length: seqLen * half },
      (_, i) => Math.floor(i / half) * frequencies[i % half]!,
    );
    return { cos: Float32Array.from(angles, Math.cos), sin: Float32Array.from(angles, Math.sin) };
  };
}

/** How a scaling changes one frequency. */
function rescaling(scaling: z.infer<typeof scalingSchema>): (frequency: number) => number {
  const type = scaling.rope_type ?? scaling.type ?? 'default';
  if (type === 'default') return (frequency) => frequency;
  const factor = scaling.factor ?? 1;
  if (type === 'linear') return (frequency) => frequency / factor;
  if (type !== 'llama3') throw unsupported('rope_scaling', scaling, 'default, linear or llama3');
  const low = scaling.low_freq_factor ?? 1;
  const high = scaling.high_freq_factor ?? 4;
  const original = scaling.original_max_position_embeddings ?? 8192;
  // Llama 3.1: long waves are slowed by `factor`, short ones kept, those between blended.
  return (frequency) => {
    const turns = (original * frequency) / (2 * Math.PI);
    const blend = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return (1 - blend) * (frequency / factor) + blend * frequency;
  };
}
