/** The record of a probe: everything that it measured, and what it measured it on. */
import { z } from 'zod';
import { settingSchemas } from '../options/index.ts';
import { BASES } from './bases.ts';
import {
  computeSchema,
  estimateSchema,
  familySchema,
  int8KernelSchema,
  modelSourceSchema,
  regimeSchema,
  textSourceSchema,
} from './common.ts';
import { PROBE_SETTINGS } from './probe-options.ts';

/** A basis of the program, or one of the `settings.framesFiles` by its name. */
const basisNameSchema = z.string().min(1);

/** One rank of one family of one basis. Ranks are those asked for; `energyCurve` holds every rank. */
export const rankPointSchema = z.strictObject({
  rank: z.int().positive(),
  /** Trainable parameters of the adapter at this rank. In records without `dimension` that stands here. */
  parameters: z.int().positive(),
  /** Dimension of its tangent space, of which the null is made: K² less for `factors`. Absent in older records. */
  dimension: z.int().positive().optional(),
  /** ‖P G‖ / ‖G‖, mean over batches. */
  coverage: estimateSchema,
  /** coverage², the share of the gradient's energy. */
  energy: estimateSchema,
  /** energy over its exact null mean: 1 is no better than random frames. */
  gain: estimateSchema,
  /** Coverage of uniformly random frames: root of the exact mean energy, and the 95 % band of one draw. */
  null: z.strictObject({ coverage: z.number(), low: z.number(), high: z.number() }),
  /** The largest coverage that any frames of this rank could have on the same batches; null where none is known. */
  ceiling: z.number().nullable(),
  /** Coverage of the expected gradient, from products of independent batches; null below two batches. */
  signalCoverage: estimateSchema.nullable(),
  /** Null where the layers have no gradient at all. */
  regime: regimeSchema.nullable(),
});
export type RankPoint = z.infer<typeof rankPointSchema>;

export const familyResultSchema = z.strictObject({
  family: familySchema,
  points: z.array(rankPointSchema),
  /** Mean energy at rank 1, 2, 3, …; five significant digits. */
  energyCurve: z.array(z.number()),
});
export type FamilyResult = z.infer<typeof familyResultSchema>;

/** Natural coverage ν at every rank 1, 2, 3, … (`docs/concepts.md`). Sums over layers where global. */
export const naturalResultSchema = z.strictObject({
  /** λ: the ridge as a multiple of the mean diagonal. */
  ridge: z.number().positive(),
  /** Gradient and whitening from the same half of the batches: biased upwards by noise. */
  inSample: z.array(z.number()),
  /** Whitening and first gradient from one half, second gradient from the other: unbiased by noise. */
  heldOut: z.array(z.number()),
  /** 95 % interval of `heldOut` at every rank (jackknife over batches). */
  heldOutLow: z.array(z.number()),
  heldOutHigh: z.array(z.number()),
  /** The same two with the rows of the output gradients shuffled against the inputs. */
  permutedInSample: z.array(z.number()),
  permutedHeldOut: z.array(z.number()),
});
export type NaturalResult = z.infer<typeof naturalResultSchema>;

export const basisResultSchema = z.strictObject({
  basis: basisNameSchema,
  families: z.array(familyResultSchema),
  natural: naturalResultSchema.nullable(),
});
export type BasisResult = z.infer<typeof basisResultSchema>;

export const effectiveRankSchema = z.strictObject({
  /** exp of the entropy of σ/Σσ (Roy & Vetterli), the source paper's "ER". */
  entropic: z.number(),
  /** ‖G‖²/σ₁². */
  stable: z.number(),
  /** (Σσ²)²/Σσ⁴. */
  participation: z.number(),
});

const shared = {
  /** ‖G‖_F of a batch, mean over batches. */
  gradientNorm: estimateSchema,
  bases: z.array(basisResultSchema),
};

export const layerResultSchema = z.strictObject({
  /** Hugging Face module name. */
  name: z.string(),
  inFeatures: z.int().positive(),
  outFeatures: z.int().positive(),
  /** This layer's share of the summed gradient energy of all measured layers. */
  energyShare: z.number(),
  /** Of single-batch gradients, averaged over the batches whose spectrum was taken; null when none was. */
  effectiveRank: effectiveRankSchema.nullable(),
  /** Singular values of a batch gradient over its Frobenius norm, descending, averaged likewise; [] when none was. */
  spectrum: z.array(z.number()),
  ...shared,
});
export type LayerResult = z.infer<typeof layerResultSchema>;

/** The layers of one role, such as all queries, taken together as the whole model is: energies are summed first. */
export const moduleTypeResultSchema = z.strictObject({
  /** What they do: `query`, `key`, `value`, `query-key-value`, `output`, `gate`, `up`, `gate-up`, `down`. */
  role: z.string().min(1),
  /** By which PEFT targets them: `q_proj`, or `attn.c_proj` where another role has the same last word. */
  name: z.string().min(1),
  /** How many. */
  layers: z.int().positive(),
  energyShare: z.number(),
  ...shared,
});
export type ModuleTypeResult = z.infer<typeof moduleTypeResultSchema>;

/** The basis with the largest mean at a rank, and by how much it is ahead of the others on the same batches. */
export const comparisonSchema = z.strictObject({
  measure: z.enum(['coverage', 'natural']),
  /** Null for ν, which has no families. */
  family: familySchema.nullable(),
  rank: z.int().positive(),
  leader: basisNameSchema,
  /** Leader less other, paired; the intervals hold together at 95 %. It leads where all lie above 0. */
  differences: z.array(z.strictObject({ basis: basisNameSchema, difference: estimateSchema })),
  /** Batches at which all intervals would lie above 0, at these means and spreads; null beyond 10,000. */
  batchesNeeded: z.int().positive().nullable(),
});
export type Comparison = z.infer<typeof comparisonSchema>;

export const globalResultSchema = z.strictObject({
  ...shared,
  /** Absent in records from before bases were compared. */
  comparisons: z.array(comparisonSchema).optional(),
});
export type GlobalResult = z.infer<typeof globalResultSchema>;

/** Parts of a probe whose time is told; the frames of every basis are one. */
const stageSchema = z.string().regex(/^(opening|calibration|frames\/.+|measuring|summary)$/s);

/** Seconds by stage; a stage that did not take place has none. */
export const stageSecondsSchema = z.record(stageSchema, z.number());
export type StageSeconds = z.infer<typeof stageSecondsSchema>;

const memoryPlanSchema = z.strictObject({
  /** The bound that was asked for; null when it was a share of what was free. */
  askedBytes: z.int().nullable(),
  /** Of the layers: each is calibrated, framed and measured in passes of its own. */
  parts: z.int(),
  /** Times that calibration went over its batches. */
  calibrationSweeps: z.int(),
  /** Segments of a pass, about two for each layer of the model, that were computed twice instead of being kept. */
  recomputedSegments: z.int(),
});

/** What records before 0.2 called their files, in their order. */
const OLD_FILE_NAMES = ['file', 'file-2', 'file-3'];

/** Frame sets that the user brings, each a basis of its own. */
const framesFilesSchema = z
  .array(z.strictObject({ name: basisNameSchema.optional(), path: z.string(), label: z.string() }))
  .default([])
  .transform((files) => files.map((file, i) => ({ ...file, name: file.name ?? OLD_FILE_NAMES[i] ?? '' })));

const probeShape = z.strictObject({
  schema: z.literal('rankscope.probe'),
  version: z.literal(1),
  /** `partial` when the run was stopped; everything in it was measured on the batches it states. */
  status: z.enum(['complete', 'partial']),
  model: modelSourceSchema,
  data: textSourceSchema,
  settings: z.strictObject({
    ...settingSchemas(PROBE_SETTINGS),
    /** Those that fit a layer. */
    ranks: PROBE_SETTINGS.ranks.schema,
    /** 0 where no basis needs them. */
    calibrationBatches: z.int(),
    randomFrames: z.int(),
    framesFiles: framesFilesSchema,
    compute: computeSchema,
    int8Kernel: int8KernelSchema.optional(),
    /** What computed the passes. Absent from older records: the processor. */
    device: PROBE_SETTINGS.device.schema.optional(),
    /** Whether less was measured than by default; the notes say what. Absent from older records. */
    quick: PROBE_SETTINGS.quick.schema.optional(),
  }),
  measured: z.strictObject({
    batches: z.int(),
    /** Targets that counted in the loss of the measured batches. */
    targets: z.int(),
    /** Mean loss per target, nats. */
    loss: estimateSchema,
    seconds: z.number(),
    /** Absent from records of 0.1. */
    stageSeconds: stageSecondsSchema.optional(),
    peakMemoryBytes: z.int(),
    estimatedMemoryBytes: z.int(),
    /** How the work was divided to keep within the bound on memory. Absent from older records. */
    memoryPlan: memoryPlanSchema.optional(),
  }),
  notes: z.array(z.string()),
  global: globalResultSchema,
  /** In order of the forward pass. Empty in older records. */
  moduleTypes: z.array(moduleTypeResultSchema).default([]),
  layers: z.array(layerResultSchema),
});

export const probeRecordSchema = probeShape.superRefine(
  ({ settings, global, moduleTypes, layers }, context) => {
    const named = [...BASES, ...settings.framesFiles.map(({ name }) => name)];
    const measured = [global, ...moduleTypes, ...layers].flatMap(({ bases }) =>
      bases.map(({ basis }) => basis),
    );
    const compared = global.comparisons?.flatMap(({ leader, differences }) => [
      leader,
      ...differences.map(({ basis }) => basis),
    ]);
    const unknown = [...settings.bases, ...measured, ...(compared ?? [])].find((one) => !named.includes(one));
    if (unknown !== undefined)
      context.addIssue(`${JSON.stringify(unknown)} is neither a basis nor one of the frames files`);
  },
);
/** See {@link probeRecordSchema}. */
export type ProbeRecord = z.infer<typeof probeRecordSchema>;
