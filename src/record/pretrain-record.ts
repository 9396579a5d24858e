/** The record of a pretraining. */
import { z } from 'zod';

export const SAVE_TYPES = ['float32', 'float16', 'bfloat16'] as const;
export const saveTypeSchema = z.enum(SAVE_TYPES);
/** Element type of a model's stored weights. */
export type SaveType = z.infer<typeof saveTypeSchema>;

/** What was trained, on what, and how well; losses are those of the weights as they were saved. */
export const pretrainRecordSchema = z.strictObject({
  schema: z.literal('rankscope.pretrain'),
  version: z.literal(1),
  settings: z.strictObject({
    steps: z.int().positive(),
    /** Sequences of a step. */
    batchSize: z.int().positive(),
    /** Sequences of a pass. */
    microBatchSize: z.int().positive(),
    learningRate: z.number(),
    finalLearningRate: z.number(),
    warmup: z.int(),
    weightDecay: z.number(),
    clip: z.number(),
    seed: z.int(),
    seqLen: z.int(),
    saveType: saveTypeSchema,
  }),
  data: z.strictObject({
    file: z.string(),
    sha256: z.string(),
    tokens: z.int(),
    sequences: z.int(),
  }),
  parameters: z.int().positive(),
  tokensSeen: z.int().positive(),
  /** Mean over the last `steps`, nats per token. */
  trainingLoss: z.strictObject({ loss: z.number(), steps: z.int().positive() }),
  evaluations: z.array(
    z.strictObject({
      file: z.string(),
      sha256: z.string(),
      /** Nats per target. */
      loss: z.number(),
      targets: z.int().positive(),
    }),
  ),
});
/** See {@link pretrainRecordSchema}. */
export type PretrainRecord = z.infer<typeof pretrainRecordSchema>;
