/** claims.json: the verdicts of a reproduction alone, for programs that ask nothing else of it. */
import { z } from 'zod';
import { reproductionRecordSchema } from './reproduction-record.ts';

/** What claims cannot be read without: whether all of the run is in them, and whether it was a smoke run. */
const { status, quick, level, claims } = reproductionRecordSchema.shape;

export const claimsRecordSchema = z.strictObject({
  schema: z.literal('rankscope.claims'),
  version: z.literal(1),
  status,
  quick,
  level,
  claims,
});
export type ClaimsRecord = z.infer<typeof claimsRecordSchema>;
