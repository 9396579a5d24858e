/** The record of a training run, and the lines of its metrics.jsonl. */
import { z } from 'zod';
import { settingSchemas } from '../options/index.ts';
import { adapterFamilySchema, adapterLayerSchema } from './adapter-record.ts';
import { computeSchema, int8KernelSchema, modelSourceSchema, receiptSchema } from './common.ts';
import { OPTIMIZERS, SCHEDULES, TRAIN_SETTINGS } from './train-options.ts';

export const scheduleSchema = z.enum(SCHEDULES);
export type Schedule = z.infer<typeof scheduleSchema>;

export const optimizerSchema = z.enum(OPTIMIZERS);
export type OptimizerName = z.infer<typeof optimizerSchema>;

/** Everything that decides a run's numbers, beside model and data: an option without a default is null when not given. */
export const trainSettingsSchema = z.strictObject({
  ...settingSchemas(TRAIN_SETTINGS),
  adapter: adapterFamilySchema,
  /** sha256 of the plan file; null without one. */
  plan: z.string().nullable(),
  steps: z.int().positive(),
  compute: computeSchema,
  int8Kernel: int8KernelSchema.optional(),
});
export type TrainSettings = z.infer<typeof trainSettingsSchema>;

/**
 * One line of metrics.jsonl. Loss, norm and everything measured belong to the parameters before the step's update;
 * `evalLoss` to those after it. The line of step 0 has the evaluation of the untouched model alone.
 */
export const trainMetricsSchema = z.object({
  step: z.int(),
  /** Mean over the targets of the step's batch, nats. */
  loss: z.number().optional(),
  learningRate: z.number().optional(),
  /** Of all trained parameters together, before clipping. */
  gradientNorm: z.number().optional(),
  tokensPerSecond: z.number().optional(),
  evalLoss: z.number().optional(),
  /** ‖P G‖ / ‖G‖ of the adapter's own subspace over all its layers, mean of two batches. */
  coverage: z.number().optional(),
  energy: z.number().optional(),
  /** energy over that of random frames. */
  gain: z.number().optional(),
  /** Coverage of the expected gradient, from the product of the two batches; absent where they share no signal. */
  signalCoverage: z.number().optional(),
  /** Natural coverage ν, held out, summed over the layers that have frames on both sides. */
  naturalCoverage: z.number().optional(),
  /** Entropic effective rank of whole gradients, mean over a few layers. */
  gradientEffectiveRank: z.number().optional(),
  /** Entropic effective rank of ΔW, mean over layers; absent while ΔW = 0. */
  updateEffectiveRank: z.number().optional(),
  /** Cosine with the measurement before, on the same batch: gradient of the trained parameters. */
  cosineProjected: z.number().optional(),
  /** The same of whole gradients, over a few layers. */
  cosineFull: z.number().optional(),
});
export type TrainMetrics = z.infer<typeof trainMetricsSchema>;

/** See `training/learning-rate`. */
export const automaticRateSchema = z.strictObject({
  learningRate: z.number().positive(),
  /** Median over layers of the step along the signs of the gradient that lowers the loss most. */
  step: z.number().positive(),
  /** Share of the step that other batches agree on. */
  agreement: z.number(),
  /** Root mean square of the trained arrays that move only once others have; null where there are none. */
  waiting: z.number().positive().nullable(),
  /** Passes that it took, each of which costs what a training step does. */
  passes: z.int(),
  notes: z.array(z.string()),
});
export type AutomaticRate = z.infer<typeof automaticRateSchema>;

const dataSchema = z.strictObject({
  path: z.string(),
  sha256: z.string(),
  /** sha256 of the token ids and the loss mask: of what the tokenizer made of the text. Absent in older records. */
  tokensSha256: z.string().optional(),
  documents: z.int(),
  tokens: z.int(),
  sequences: z.int(),
  /** Absent in older records. */
  receipt: receiptSchema.optional(),
});

export const trainRecordSchema = z.strictObject({
  schema: z.literal('rankscope.train'),
  version: z.literal(1),
  status: z.enum(['running', 'complete', 'partial']),
  model: modelSourceSchema,
  data: dataSchema,
  evalData: dataSchema.nullable(),
  settings: trainSettingsSchema,
  /** What the law of the learning rate chose, and from what; absent where a number was asked for. */
  automaticRate: automaticRateSchema.optional(),
  adapter: z.strictObject({ layers: z.array(adapterLayerSchema), trainedParameters: z.int() }),
  /** Layers whose whole gradients are taken for effective ranks and cosines. */
  gradientLayers: z.array(z.string()),
  /** Steps done. */
  step: z.int(),
  notes: z.array(z.string()),
});
/** See {@link trainRecordSchema}. */
export type TrainRecord = z.infer<typeof trainRecordSchema>;
