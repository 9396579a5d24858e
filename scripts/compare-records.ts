/**
 * How far two probes of one model on the same tokens lie apart, as a Markdown table: for example float32 and int8.
 *
 *     npx tsx scripts/compare-records.ts RUN_A RUN_B [RANK]
 */
import { type BasisResult, type ProbeRecord, readProbeRecord } from '../src/record/index.ts';

const [pathA, pathB, rankText = '64'] = process.argv.slice(2);
if (pathA === undefined || pathB === undefined)
  throw new Error('usage: compare-records.ts RUN_A RUN_B [RANK]');
const rank = Number(rankText);
const [a, b] = [readProbeRecord(pathA), readProbeRecord(pathB)];
if (
  a.data.sha256 !== b.data.sha256 ||
  a.settings.seed !== b.settings.seed ||
  a.model.sha256 !== b.model.sha256
) {
  throw new Error('the two records are not of one model on the same tokens');
}

const percent = (value: number) => `${value < 0 ? '−' : '+'}${(100 * Math.abs(value)).toFixed(2)} %`;
const size = (value: number) => `${(100 * value).toFixed(2)} %`;

console.log(`loss: ${a.settings.compute} ${loss(a)}, ${b.settings.compute} ${loss(b)}\n`);
console.log(
  `| basis (core, K=${rank}) | ${a.settings.compute} | ${b.settings.compute} | global | median layer | worst layer |`,
);
console.log('|---|---|---|---|---|---|');
for (const basis of a.global.bases.map((one) => one.basis)) {
  const [before, after] = [coverage(a.global.bases, basis), coverage(b.global.bases, basis)];
  if (before === undefined || after === undefined) continue;
  const layers = a.layers
    .map((layer, i) => {
      const [x, y] = [coverage(layer.bases, basis), coverage(b.layers[i]!.bases, basis)];
      return x === undefined || y === undefined ? undefined : Math.abs(y / x - 1);
    })
    .filter((value) => value !== undefined)
    .sort((x, y) => x - y);
  const median = layers[Math.floor(layers.length / 2)]!;
  console.log(
    `| ${basis} | ${before.toFixed(4)} | ${after.toFixed(4)} | ${percent(after / before - 1)} | ${size(median)} | ${size(layers.at(-1)!)} |`,
  );
}

function loss({ measured }: ProbeRecord): string {
  return measured.loss.mean.toFixed(4);
}

function coverage(bases: readonly BasisResult[], basis: string): number | undefined {
  const core = bases.find((one) => one.basis === basis)?.families.find(({ family }) => family === 'core');
  return core?.points.find((point) => point.rank === rank)?.coverage.mean;
}
