/** Pieces that several records share. */
import { z } from 'zod';

/** A mean with its 95 % interval. */
export const estimateSchema = z
  .strictObject({ mean: z.number(), low: z.number(), high: z.number() })
  .refine(({ low, high }) => low <= high, 'the interval ends before it begins');
export type Estimate = z.infer<typeof estimateSchema>;

export const FAMILIES = ['core', 'left', 'right', 'factors', 'diagonal'] as const;
export const familySchema = z.enum(FAMILIES);
/** Which updates an adapter can make with its frames. */
export type Family = z.infer<typeof familySchema>;

export const COMPUTE_TYPES = ['float32', 'int8'] as const;
export const computeSchema = z.enum(COMPUTE_TYPES);
/** Arithmetic of the products with weights. */
export type Compute = z.infer<typeof computeSchema>;

export const DEVICES = ['cpu', 'webgpu'] as const;

export const int8KernelSchema = z.enum(['rotated', 'blocks']);
/**
 * How products in 8 bits are made: with one scale per row after a rotation, or one per block of 128. Records of older
 * versions, which had the latter only, do not say it.
 */
export type Int8Kernel = z.infer<typeof int8KernelSchema>;

/** The arithmetic in words: `float32`, `int8`, `int8 (rotated)`. */
export const describeCompute = (settings: {
  readonly compute: Compute;
  readonly int8Kernel?: Int8Kernel | undefined;
}): string =>
  settings.int8Kernel === undefined ? settings.compute : `${settings.compute} (${settings.int8Kernel})`;

/** Labels of the source paper for a coverage (`docs/concepts.md`): a convention under test, not a law. */
export const REGIMES = ['under-threshold', 'transition', 'reliable', 'premium'] as const;
export const regimeSchema = z.enum(REGIMES);
export type Regime = z.infer<typeof regimeSchema>;

/**
 * All of a config that a model's numbers depend on, beside its weights, in one spelling. Records of older versions do
 * not have it: what their model's config said is unknown.
 */
export const computedConfigSchema = z
  .record(z.string(), z.union([z.number(), z.string(), z.boolean()]))
  .optional();

/** What became of a text: sequences, how much of them is predicted, and what was left out. */
export const receiptSchema = z.strictObject({
  sequences: z.int(),
  /** Tokens that are predicted. */
  targets: z.int(),
  /** What was left out, added or cannot be learned, in whole sentences. */
  notes: z.array(z.string()).readonly(),
  /** The beginning of the first sequence, in runs of tokens that are predicted or only given. */
  first: z.array(z.strictObject({ text: z.string(), target: z.boolean() })).readonly(),
  /** File by file; records of older versions, which had one file only, do not say it. */
  files: z
    .array(
      z.strictObject({
        path: z.string(),
        bytes: z.int(),
        sha256: z.string(),
        /** With text in them, and those left out because nothing stands in them. */
        documents: z.int(),
        blank: z.int(),
        tokens: z.int(),
        /** Finished with tokens of this file, and of their tokens those that are predicted and those that are not. */
        sequences: z.int(),
        targets: z.int(),
        given: z.int(),
      }),
    )
    .readonly()
    .optional(),
});

/** A text that was measured. */
export const textSourceSchema = z.strictObject({
  path: z.string(),
  sha256: z.string(),
  documents: z.int(),
  tokens: z.int(),
  /** Absent in older records. */
  receipt: receiptSchema.optional(),
});

/** Where on the Hugging Face hub a model comes from; records of models from elsewhere do not have it. */
export const hubOriginSchema = z
  .strictObject({
    /** `org/name` */
    id: z.string(),
    commit: z.string(),
    /** Of a GGUF repository. */
    file: z.string().optional(),
  })
  .optional();

/** The model that a run was made on. */
export const modelSourceSchema = z.strictObject({
  path: z.string(),
  hub: hubOriginSchema,
  name: z.string(),
  architecture: z.string(),
  format: z.string(),
  parameters: z.int().positive(),
  /** sha256 over the bytes of the weight files. */
  sha256: z.string(),
  config: computedConfigSchema,
});
export type ModelSource = z.infer<typeof modelSourceSchema>;

/** Where a model is from, for a reader: id and commit on the hub, or its path. */
export const placeOf = ({ path, hub }: Pick<ModelSource, 'path' | 'hub'>): string =>
  hub === undefined ? path : `${hub.id}${hub.file === undefined ? '' : `/${hub.file}`}@${hub.commit}`;
