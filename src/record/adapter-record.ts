/** The record of an adapter: what it is and which model it belongs to. Its numbers stand in a safetensors file. */
import { z } from 'zod';
import { computedConfigSchema, FAMILIES, hubOriginSchema } from './common.ts';

/** The families that can be trained: those of a probe, and `full`, which moves every entry of W. */
export const ADAPTER_FAMILIES = [...FAMILIES, 'full'] as const;
export const adapterFamilySchema = z.enum(ADAPTER_FAMILIES);
export type AdapterFamily = z.infer<typeof adapterFamilySchema>;

export const adapterLayerSchema = z.strictObject({
  /** Hugging Face module name. */
  name: z.string().min(1),
  family: adapterFamilySchema,
  /** A basis of the program, or the file and label that the frames came from. */
  basis: z.string(),
  /** Columns of the frames; the smaller side of W for `full`. */
  rank: z.int().positive(),
  /** Factor of the update. */
  scale: z.number(),
  inFeatures: z.int().positive(),
  outFeatures: z.int().positive(),
  /** How the checkpoint stores W. */
  stored: z.enum(['out-in', 'in-out']),
  bias: z.boolean(),
});

export const adapterRecordSchema = z.strictObject({
  schema: z.literal('rankscope.adapter'),
  version: z.literal(1),
  model: z.strictObject({
    path: z.string(),
    hub: hubOriginSchema,
    name: z.string(),
    architecture: z.string(),
    /** sha256 over the bytes of the weight files. */
    sha256: z.string(),
    config: computedConfigSchema,
  }),
  layers: z.array(adapterLayerSchema).min(1),
  trainedParameters: z.int().positive(),
});
/** See {@link adapterRecordSchema}. */
export type AdapterRecord = z.infer<typeof adapterRecordSchema>;
