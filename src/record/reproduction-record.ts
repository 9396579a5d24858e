/** What `rankscope reproduce` found: claims with verdicts, and the tables and figures of every experiment. */
import { z } from 'zod';
import { estimateSchema, modelSourceSchema } from './common.ts';

export const VERDICTS = ['confirmed', 'refuted', 'inconclusive'] as const;
export const verdictSchema = z.enum(VERDICTS);
/** What the data say of a claim, by the rule that was written before the run. */
export type Verdict = z.infer<typeof verdictSchema>;

/** Where a claim was tested: a starting point of a model, and a text that it is adapted to. */
export const settingRecordSchema = z.strictObject({
  /** Short name by which claims, tables and figures refer to it, such as `pretrained`. */
  name: z.string(),
  title: z.string(),
  model: modelSourceSchema,
  data: z.strictObject({ path: z.string(), sha256: z.string() }),
  batchSize: z.int(),
  seqLen: z.int(),
  /** Sequences that the held-out loss is taken over. */
  evalSequences: z.int(),
  /** Batches that data-driven frames are made from. */
  calibrationBatches: z.int(),
  /** Where the search for an arm's learning rate begins; it goes on by their factor while the best lies at an edge. */
  learningRates: z.array(z.number()),
  /** K of the cores that it begins there for; other cores begin at as much learning rate × K. */
  coreRank: z.int(),
  seeds: z.array(z.int()),
});
export type SettingRecord = z.infer<typeof settingRecordSchema>;

export const claimResultSchema = z.strictObject({
  /** Unique in the registry, such as `paper87-a/linear`. */
  id: z.string(),
  experiment: z.string(),
  /** Rows of the source's mission that it belongs to, such as `M6`; empty for questions of our own. */
  rows: z.array(z.string()),
  /** The claim in one sentence, as the source means it. */
  statement: z.string(),
  /** The source's figure, in its own words; empty when it gives none. */
  sourceFigure: z.string(),
  setting: z.string(),
  /** What was estimated, in words: `loss(K=16) − loss(K=32)`. */
  quantity: z.string(),
  /** Null when the trials that it needs are not there, or failed. */
  estimate: estimateSchema.nullable(),
  /** Independent replicates behind the estimate. */
  replicates: z.int(),
  /** The decision rule in words. */
  rule: z.string(),
  /** Two-sided p of the verdict's side, before and after Holm's correction over all claims of the setting. */
  p: z.number().nullable(),
  pHolm: z.number().nullable(),
  verdict: verdictSchema,
  /** One sentence of why, with the numbers. */
  why: z.string(),
});
export type ClaimResult = z.infer<typeof claimResultSchema>;

/** A cell: a word, a number, or a number with its interval. */
export const cellSchema = z.union([z.string(), z.number(), estimateSchema, z.null()]);
export type Cell = z.infer<typeof cellSchema>;

const gridSchema = z.strictObject({ columns: z.array(z.string()), rows: z.array(z.array(cellSchema)) });

export const tableSchema = z.strictObject({
  title: z.string(),
  caption: z.string(),
  setting: z.string().nullable(),
  ...gridSchema.shape,
  /** The source's table in the same layout, to stand beside ours; null when it has none. */
  source: gridSchema.nullable(),
});
export type ExperimentTable = z.infer<typeof tableSchema>;

export const figureSchema = z.strictObject({
  title: z.string(),
  caption: z.string(),
  setting: z.string().nullable(),
  xLabel: z.string(),
  yLabel: z.string(),
  xScale: z.enum(['linear', 'log']),
  yScale: z.enum(['linear', 'log']),
  series: z.array(
    z.strictObject({
      name: z.string(),
      /** `null` and `ceiling` are drawn as reference lines, the first with its band. */
      kind: z.enum(['line', 'points', 'null', 'ceiling']),
      points: z.array(
        z.strictObject({
          x: z.number(),
          y: z.number(),
          low: z.number().optional(),
          high: z.number().optional(),
        }),
      ),
    }),
  ),
});
export type ExperimentFigure = z.infer<typeof figureSchema>;

export const experimentResultSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  question: z.string(),
  /** What was varied and measured, and how, in a few sentences. */
  method: z.string(),
  /** What to make of it beyond the verdicts; sentences with numbers from the data of a setting. */
  notes: z.array(z.strictObject({ setting: z.string(), text: z.string() })),
  tables: z.array(tableSchema),
  figures: z.array(figureSchema),
  trials: z.strictObject({ planned: z.int(), finished: z.int(), failed: z.int(), seconds: z.number() }),
});
export type ExperimentResult = z.infer<typeof experimentResultSchema>;

/** The file `reproduction.json`. */
export const reproductionRecordSchema = z.strictObject({
  schema: z.literal('rankscope.reproduction'),
  version: z.literal(1),
  status: z.enum(['complete', 'partial']),
  /** A smoke run: few seeds and steps; its verdicts show that everything works, not what is true. */
  quick: z.boolean(),
  /** Exact command that makes it again. */
  command: z.string(),
  versions: z.record(z.string(), z.string()),
  machine: z.strictObject({ processor: z.string(), cores: z.int(), memoryBytes: z.number() }),
  settings: z.array(settingRecordSchema),
  /** Chance of any wrong verdict among the claims of one setting. */
  level: z.number(),
  claims: z.array(claimResultSchema),
  experiments: z.array(experimentResultSchema),
});
export type ReproductionRecord = z.infer<typeof reproductionRecordSchema>;
