/**
 * A probe's record without its layers, for `results/`: small enough to keep, and `rankscope report` still reads it.
 *
 *     npx tsx scripts/summarize-record.ts RUN FILE.json
 */
import { readProbeRecord, writeJsonAtomic } from '../src/record/index.ts';

const [run, file] = process.argv.slice(2);
if (run === undefined || file === undefined) throw new Error('usage: summarize-record.ts RUN FILE.json');
writeJsonAtomic(file, { ...readProbeRecord(run), layers: [] });
