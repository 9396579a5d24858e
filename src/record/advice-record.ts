/** The record of an advice: what to train under a budget, how sure that is, and what it was found from. */
import { z } from 'zod';
import { adapterFamilySchema } from './adapter-record.ts';
import { estimateSchema, modelSourceSchema, textSourceSchema } from './common.ts';
import { automaticRateSchema, scheduleSchema } from './train-record.ts';

export const adviceBudgetSchema = z.strictObject({
  /** As it was asked for, in words. */
  asked: z.string(),
  parameters: z.int().positive(),
});
export type AdviceBudget = z.infer<typeof adviceBudgetSchema>;

/** An adapter of one family, basis and rank on the layers. */
const planSchema = z.strictObject({
  family: adapterFamilySchema,
  basis: z.string(),
  rank: z.int().positive(),
  parameters: z.int().positive(),
});
export type AdvisedPlan = z.infer<typeof planSchema>;

export const adviceRecordSchema = z.strictObject({
  schema: z.literal('rankscope.advice'),
  version: z.literal(1),
  model: modelSourceSchema,
  data: textSourceSchema,
  settings: z.strictObject({
    steps: z.int(),
    batchSize: z.int(),
    seqLen: z.int(),
    schedule: scheduleSchema,
    pack: z.boolean(),
    calibrationBatches: z.int(),
    /** Measured in pairs, each of `probeBatchSize` sequences. */
    batches: z.int(),
    probeBatchSize: z.int(),
    ridge: z.number(),
    seed: z.int(),
  }),
  budget: adviceBudgetSchema,
  plan: planSchema.extend({
    /** Of the trained numbers in float32, and of the adapter as PEFT's LoRA, frames folded in. */
    trainedBytes: z.int(),
    loraBytes: z.int(),
    scale: z.number(),
    warmup: z.int(),
    /** Every layer of the model that was looked at; a rank of 0 leaves it out. */
    layers: z.array(z.strictObject({ name: z.string(), rank: z.int().nonnegative() })),
  }),
  /** Held-out ν of the plan. */
  natural: estimateSchema,
  /** Null where the law does not know. */
  rate: automaticRateSchema.nullable(),
  /** `clear`: the next basis is behind; `tied`: it may not be; `random`: no basis is shown to beat random frames. */
  verdict: z.enum(['clear', 'tied', 'random']),
  /** Cores of the same budget in other frames, the best first, in nats by which the law puts them behind the plan. */
  runnersUp: z.array(planSchema.extend({ behind: estimateSchema })),
  /** What twice the budget would lower the loss by, in nats, by the law; null where the layers are full, and for LoRA. */
  next: planSchema.extend({ gain: estimateSchema }).nullable(),
  /** Ranks allocated by held-out ν at the same budget, which is not advised; null for LoRA. */
  allocation: z
    .strictObject({
      parameters: z.int(),
      layers: z.int(),
      lowest: z.int(),
      highest: z.int(),
      /** Nats by the law. */
      gain: z.number(),
      /** Σν: no allocation has more than this above it. */
      gap: z.number(),
    })
    .nullable(),
  /** In how many of the replicates, each without one pair of batches, the same basis wins. */
  stability: z.strictObject({ replicates: z.int(), same: z.int() }),
  cost: z.strictObject({
    /** Forward and backward passes, in training steps of the same tokens. */
    steps: z.number(),
    seconds: z.number(),
  }),
  notes: z.array(z.string()),
});
/** See {@link adviceRecordSchema}. */
export type AdviceRecord = z.infer<typeof adviceRecordSchema>;
