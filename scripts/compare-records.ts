/**
 * How far two probes of one model on the same tokens lie apart, as a Markdown table: for example float32 and int8.
 *
 *     npx tsx scripts/compare-records.ts RUN_A RUN_B [RANK [LAYERS.csv]]
 *
 * The coverages of every layer are written to LAYERS.csv. Records without their layers, as in `results/`, are
 * completed from it instead: the table can be made again from what is kept.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type BasisResult, type ProbeRecord, readProbeRecord } from '../src/record/index.ts';

const [pathA, pathB, rankText = '64', layersPath] = process.argv.slice(2);
if (pathA === undefined || pathB === undefined)
  throw new Error('usage: compare-records.ts RUN_A RUN_B [RANK [LAYERS.csv]]');
const rank = Number(rankText);
const [a, b] = [readProbeRecord(pathA), readProbeRecord(pathB)];
if (
  a.data.sha256 !== b.data.sha256 ||
  a.settings.seed !== b.settings.seed ||
  a.model.sha256 !== b.model.sha256
) {
  throw new Error('the two records are not of one model on the same tokens');
}

/** A line per layer and basis: its name, the basis, and at every rank the coverage of A and that of B. */
const ranks = a.settings.ranks;
const lines = a.layers.length > 0 ? linesOfRecords() : linesOfFile();
if (layersPath !== undefined && a.layers.length > 0) {
  const columns = ranks.flatMap((one) => [a, b].map(({ settings }) => `${settings.compute} K=${one}`));
  const table = [['layer', 'basis', ...columns], ...lines];
  writeFileSync(layersPath, `${table.map((line) => line.join(',')).join('\n')}\n`);
}

const percent = (value: number) => `${value < 0 ? '−' : '+'}${(100 * Math.abs(value)).toFixed(2)} %`;
const size = (value: number) => `${(100 * value).toFixed(2)} %`;
const loss = ({ measured }: ProbeRecord) => measured.loss.mean.toFixed(4);

console.log(`loss: ${a.settings.compute} ${loss(a)}, ${b.settings.compute} ${loss(b)}\n`);
console.log(
  `| basis (core, K=${rank}) | ${a.settings.compute} | ${b.settings.compute} | global | median layer | worst layer |`,
);
console.log('|---|---|---|---|---|---|');
for (const { basis } of a.global.bases) {
  const [before, after] = [coverage(a.global.bases, basis, rank), coverage(b.global.bases, basis, rank)];
  if (before === undefined || after === undefined) continue;
  const column = 2 + 2 * ranks.indexOf(rank);
  const deviations = lines
    .filter((line) => line[1] === basis && line[column] !== '')
    .map((line) => Math.abs(Number(line[column + 1]) / Number(line[column]) - 1))
    .sort((x, y) => x - y);
  const middle = deviations.length / 2;
  const median = (deviations[Math.ceil(middle) - 1]! + deviations[Math.floor(middle)]!) / 2;
  console.log(
    `| ${basis} | ${before.toFixed(4)} | ${after.toFixed(4)} | ${percent(after / before - 1)} | ${size(median)} | ${size(deviations.at(-1)!)} |`,
  );
}

function linesOfRecords(): string[][] {
  return a.layers.flatMap(({ name, bases }, i) =>
    bases.map(({ basis }) => {
      const cell = (of: readonly BasisResult[], one: number) => String(coverage(of, basis, one) ?? '');
      return [name, basis, ...ranks.flatMap((one) => [cell(bases, one), cell(b.layers[i]!.bases, one)])];
    }),
  );
}

function linesOfFile(): string[][] {
  if (layersPath === undefined) throw new Error('the records are without their layers: name LAYERS.csv');
  const [, ...rows] = readFileSync(layersPath, 'utf8').trimEnd().split('\n');
  return rows.map((line) => line.split(','));
}

function coverage(bases: readonly BasisResult[], basis: string, at: number): number | undefined {
  const core = bases.find((one) => one.basis === basis)?.families.find(({ family }) => family === 'core');
  return core?.points.find((point) => point.rank === at)?.coverage.mean;
}
