/** Contenders run in turn, and what is said of them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What every contender reports of one process. */
export interface Run {
  readonly peakMemoryBytes: number;
  /** One per batch or step. */
  readonly losses: readonly number[];
}

export interface Contender<R extends Run> {
  readonly name: string;
  readonly run: () => R;
}

/** Each round starts every contender once, in turn, so that a machine whose speed drifts drifts for all. */
export function race<R extends Run>(contenders: readonly Contender<R>[], rounds: number): Map<string, R[]> {
  const runs = new Map<string, R[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of contenders) runs.get(name)!.push(run());
  }
  return runs;
}

/**
 * Prints times and memory, and their ratios within a round to those of `baseline`: median (least–largest). `seconds`
 * is the fastest of a run's repeats; `best` compares the fastest of all rounds, on a busy machine the fairest figure.
 */
export function table<R extends Run>(
  runs: ReadonlyMap<string, readonly R[]>,
  baseline: string,
  seconds: (run: R) => number,
) {
  const base = runs.get(baseline)!;
  const rows = [...runs].map(([name, each]) => ({
    name,
    seconds: spread(each.map(seconds)),
    megabytes: spread(each.map((run) => run.peakMemoryBytes / 2 ** 20)),
    best: Math.min(...each.map(seconds)) / Math.min(...base.map(seconds)),
    timeRatio: spread(each.map((run, i) => seconds(run) / seconds(base[i]!))),
    memoryRatio: spread(each.map((run, i) => run.peakMemoryBytes / base[i]!.peakMemoryBytes)),
  }));
  print(
    `${'contender'.padEnd(34)}${'seconds'.padEnd(20)}${'best'.padEnd(6)}${'time ratio'.padEnd(19)}${'MB'.padEnd(7)}memory ratio`,
  );
  for (const row of rows) {
    print(
      row.name.padEnd(34) +
        row.seconds.text.padEnd(20) +
        row.best.toFixed(2).padEnd(6) +
        row.timeRatio.text.padEnd(19) +
        row.megabytes.median.toFixed(0).padEnd(7) +
        row.memoryRatio.text,
    );
  }
  return rows;
}

/** Largest difference between the losses of two runs. */
export const lossDifference = (a: Run, b: Run): number =>
  Math.max(...a.losses.map((value, i) => Math.abs(value - b.losses[i]!)));

export function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  return { median, low, high, text: `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})` };
}

/** Runs a program that prints one JSON value. */
export function json<R>(command: string, args: readonly string[]): R {
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })) as R;
}

/** The processor and what it has for small types. */
export function processorName(): string {
  const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const known = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_int8', 'amx_bf16'];
  const present = known.filter((flag) => new RegExp(`\\b${flag}\\b`).test(flags));
  return `${cpus()[0]?.model ?? 'unknown processor'} (${present.join(', ') || 'no vector extensions known'})`;
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
