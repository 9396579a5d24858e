/** run.json: which command made a run directory, with what, when. */
import { z } from 'zod';

export const runRecordSchema = z.strictObject({
  schema: z.literal('rankscope.run'),
  version: z.literal(1),
  command: z.string(),
  arguments: z.array(z.string()),
  status: z.enum(['running', 'complete', 'partial']),
  startedAt: z.string(),
  finishedAt: z.string().nullable(),
  versions: z.record(z.string(), z.string()),
  machine: z.strictObject({ processor: z.string(), cores: z.int(), memoryBytes: z.number() }),
  seed: z.int(),
});
export type RunRecord = z.infer<typeof runRecordSchema>;
