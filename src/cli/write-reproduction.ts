/** The files of a reproduction: records, and reports made from them. */
import { dirname, join } from 'node:path';
import { makeFolder, writeTextAtomically } from '../files/index.ts';
import { type ReproductionRecord, writeReproductionRecord } from '../record/index.ts';
import { REPRODUCTION_PAGE, reproductionFiles } from '../report/index.ts';

/** @returns the path of the report's first page. */
export function writeReproduction(directory: string, record: ReproductionRecord): string {
  writeReproductionRecord(directory, record);
  for (const [path, text] of reproductionFiles(record)) {
    makeFolder(dirname(join(directory, path)));
    writeTextAtomically(join(directory, path), text);
  }
  return join(directory, REPRODUCTION_PAGE);
}
