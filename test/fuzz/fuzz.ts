/**
 * Fuzzing of everything that reads files.
 *
 *     npm run fuzz -- --target safetensors --count 100000 --seed 1
 *     npm run fuzz -- --count 20000                  all targets, shared out by their weights
 *     npm run fuzz -- --target gguf --seed 4711 --count 1 --keep /tmp/case
 *
 * The case of a target and a seed is always the same: a failure is told by the two.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { caseOf, writeCase } from './kit/run-case.ts';
import { type Failure, type Summary, watchCases } from './kit/watch.ts';
import { shareOut, TARGETS } from './targets/index.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    /** Folder for the files of failing cases; with `--count 1` those of the case whatever comes of it. */
    keep: { type: 'string' },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
const unknown = (values.target ?? []).filter((name) => TARGETS.every((target) => target.name !== name));
if (unknown.length > 0) {
  console.error(`no target ${unknown.join(', ')}; there are ${TARGETS.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const plan = values.target?.map((target) => ({ target, seed, count })) ?? shareOut(count, seed);
const onProgress = (summary: Summary) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line(summary)}`);
};
let failures = 0;
for (const batch of plan) {
  const [summary] = await watchCases([batch], { onProgress });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  tell(summary!);
  for (const failing of summary!.failures.slice(0, 100)) await keep(batch.target, failing.seed);
  if (count === 1) await keep(batch.target, seed);
  failures += summary!.failures.length;
}
process.exitCode = failures === 0 ? 0 : 1;

function tell(summary: Summary): void {
  console.log(line(summary));
  console.log(`    ${resultsLine(summary)}`);
  for (const alike of groupFailures(summary.failures).slice(0, 20)) {
    const { seed: failing, failure } = alike[0]!;
    const text = failure.split('\n').slice(0, 6).join('\n        ');
    console.log(`    ${alike.length} times, such as seed ${failing}: ${text}`);
  }
}

/** Failures that differ in numbers and names alone are one kind; the most frequent kind comes first. */
function groupFailures(all: readonly Failure[]): Failure[][] {
  const kindOf = ({ failure }: Failure) =>
    failure
      .split('\n')
      .slice(0, 3)
      .join()
      .replace(/[\d.]+|"[^"]*"/g, '#');
  const groups = new Map<string, Failure[]>();
  for (const failure of all) groups.set(kindOf(failure), [...(groups.get(kindOf(failure)) ?? []), failure]);
  return [...groups.values()].toSorted((a, b) => b.length - a.length);
}

function line({
  target,
  inputs,
  failures: found,
  seconds,
  processorSeconds,
  worst,
  excess,
}: Summary): string {
  const rate = (inputs / Math.max(processorSeconds, 1e-3)).toFixed(0);
  return (
    `${target}: ${inputs} inputs, ${found.length} failures, ${seconds.toFixed(1)} s (${rate} a second of processor time), ` +
    `slowest ${worst.milliseconds.toFixed(0)} ms (seed ${worst.seed}), ` +
    `largest ${(excess.bytes / 1e6).toFixed(1)} MB over (seed ${excess.seed})`
  );
}

function resultsLine({ results }: Summary): string {
  const entries = Object.entries(results).toSorted(([, a], [, b]) => b - a);
  return entries.map(([result, number]) => `${result} ${number}`).join(', ');
}

async function keep(name: string, failing: number): Promise<void> {
  if (values.keep === undefined) return;
  const folder = join(values.keep, `${name}-${failing}`);
  const target = TARGETS.find((one) => one.name === name)!;
  await target.prepare?.();
  const made = caseOf(target, failing);
  mkdirSync(folder, { recursive: true });
  writeCase(folder, made);
  writeFileSync(`${folder}.txt`, `${made.verdict}\n${made.changes.join('\n')}\n`);
}
