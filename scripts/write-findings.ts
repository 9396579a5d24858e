/**
 * Writes docs/FINDINGS.md from the records of reproductions, so that nobody types a number.
 *
 *     npx tsx scripts/write-findings.ts [RECORD…]
 *
 * A record is a reproduction.json or its folder; by default all of results/reproduction, by name.
 */
import { existsSync, readdirSync } from 'node:fs';
import { writeTextAtomically } from '../src/files/index.ts';
import { REPRODUCTION_FILE, readReproductionRecord } from '../src/record/index.ts';
import { renderFindings } from '../src/report/index.ts';

const FOLDER = 'results/reproduction';
const given = process.argv.slice(2);
const folders = existsSync(FOLDER) ? readdirSync(FOLDER).toSorted() : [];
const committed = folders
  .map((name) => `${FOLDER}/${name}/${REPRODUCTION_FILE}`)
  .filter((file) => existsSync(file));
const paths = given.length > 0 ? given : committed;
if (paths.length === 0) throw new Error(`there is no record in ${FOLDER}, and none was given`);
const command = ['npx tsx scripts/write-findings.ts', ...given].join(' ');
const sources = paths.map((path) => ({ path, record: readReproductionRecord(path) }));
writeTextAtomically('docs/FINDINGS.md', renderFindings(sources, command));
