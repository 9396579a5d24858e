/**
 * `npm run bench`: the probe against the best PyTorch that we can write for the same job, in one run, interleaved.
 *
 *     npm run bench -- [--model gpt2-small|PATH]… [--python PATH] [--rounds 5] [--batches 4] [--skip bfloat16]…
 *
 * Each round starts every contender once as a process of its own, in turn, so that a machine whose speed drifts
 * drifts for all. What is timed is the work on the batches, after loading and one warm-up batch; peak memory is that
 * of the whole process. `--skip` leaves out contenders whose name holds a word: where the processor has no bfloat16,
 * torch takes minutes for it. Ratios are taken within a round; median, least and largest are printed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { definitionOf, randomFrames, randomGpt2Small, randomTokens } from './setup.ts';

interface Run {
  readonly roundSeconds: readonly number[];
  readonly peakMemoryBytes: number;
  readonly losses: readonly number[];
  readonly globalCoverage: Readonly<Record<string, readonly number[]>>;
}

interface Contender {
  readonly name: string;
  readonly run: () => Run;
}

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: ['gpt2-small'] },
    python: { type: 'string', default: process.env.RANKSCOPE_PYTHON ?? 'python3' },
    rounds: { type: 'string', default: '5' },
    batches: { type: 'string', default: '4' },
    rank: { type: 'string', default: '64' },
    threads: { type: 'string', default: String(availableParallelism()) },
    skip: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
  },
});
const [rounds, batches, rank, threads] = [values.rounds, values.batches, values.rank, values.threads].map(
  Number,
) as [number, number, number, number];
const SEQ_LEN = 256;
const folder = join(tmpdir(), 'rankscope-bench');
mkdirSync(folder, { recursive: true });
const cacheFolder = join(folder, 'cache');
const hasTorch = spawnSync(values.python, ['-c', 'import torch']).status === 0;

print(`# ${processorName()}, ${threads} threads, Node ${process.version}`);
print(
  `job: ${batches} batches of 1×${SEQ_LEN} tokens; loss, ‖G‖ exact and core energies at every rank up to ${rank}`,
);
if (!hasTorch)
  print(`no torch in ${values.python}: only our own figures (name a Python that has it with --python)`);
const report: unknown[] = [];
for (const model of values.model) await compare(model);
if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`);

async function compare(name: string): Promise<void> {
  const model = name === 'gpt2-small' ? await randomGpt2Small(folder) : name;
  const definition = await definitionOf(model, cacheFolder);
  const work = mkdtempSync(join(folder, 'run-'));
  const tokens = join(work, 'tokens.safetensors');
  await randomTokens(tokens, definition, batches, SEQ_LEN);
  const framesFor = async (labels: readonly string[], columns: number) => {
    const path = join(work, `frames-${labels.length}-${columns}.safetensors`);
    if (!existsSync(path)) await randomFrames(path, definition, labels, columns);
    return path;
  };
  const one = await framesFor(['a'], rank);
  const ours = (label: string, frames: string, compute: 'float32' | 'int8', prepack = false): Contender => ({
    name: label,
    run: () =>
      json(process.execPath, [
        '--import',
        'tsx',
        new URL('./ours.ts', import.meta.url).pathname,
        JSON.stringify({ model, tokens, frames, compute, prepack, rounds: 1, threads, cacheFolder }),
      ]),
  });
  const torch = (label: string, mode: string, dtype: string): Contender => ({
    name: label,
    run: () =>
      json(values.python, [
        new URL('./torch_probe.py', import.meta.url).pathname,
        ...['--model', model, '--tokens', tokens, '--frames', one, '--mode', mode, '--dtype', dtype],
        ...['--threads', String(threads), '--rounds', '1', '--json'],
      ]),
  });
  print(`\n## ${name}`);
  const contenders = [
    ours('ours float32', one, 'float32'),
    ours('ours float32, weights rearranged', one, 'float32', true),
    ours('ours int8', one, 'int8'),
    ...(hasTorch
      ? [
          torch('torch float32', 'lowrank', 'float32'),
          torch('torch bfloat16', 'lowrank', 'bfloat16'),
          torch('torch, hooks on full gradients', 'full', 'float32'),
        ]
      : []),
  ];
  const skipped = (contender: Contender) => values.skip.some((word) => contender.name.includes(word));
  const runs = race(contenders.filter((contender) => !skipped(contender)));
  table(name, runs, hasTorch ? 'torch float32' : 'ours float32');
  if (hasTorch) agreement(runs);

  if (name !== values.model[0]) return;
  print('\nwhat more costs, ours in float32 against one basis:');
  const more = [
    contenders[0]!,
    ours('two bases', await framesFor(['a', 'b'], rank), 'float32'),
    ours('three bases', await framesFor(['a', 'b', 'c'], rank), 'float32'),
    ours('one basis, rank 16', await framesFor(['a'], 16), 'float32'),
    ours('one basis, rank 256', await framesFor(['a'], 256), 'float32'),
  ];
  table(`${name}: more`, race(more), contenders[0]!.name);
}

function race(contenders: readonly Contender[]): Map<string, Run[]> {
  const runs = new Map<string, Run[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, run } of contenders) runs.get(name)!.push(run());
  }
  return runs;
}

function table(title: string, runs: ReadonlyMap<string, readonly Run[]>, baseline: string): void {
  const base = runs.get(baseline)!;
  const seconds = (run: Run) => Math.min(...run.roundSeconds);
  const rows = [...runs].map(([name, each]) => ({
    name,
    seconds: spread(each.map(seconds)),
    megabytes: spread(each.map((run) => run.peakMemoryBytes / 2 ** 20)),
    timeRatio: spread(each.map((run, i) => seconds(run) / seconds(base[i]!))),
    memoryRatio: spread(each.map((run, i) => run.peakMemoryBytes / base[i]!.peakMemoryBytes)),
  }));
  report.push({ title, processor: processorName(), baseline, rounds, batches, rank, rows });
  print(
    `${'contender'.padEnd(34)}${'seconds'.padEnd(22)}${'time ratio'.padEnd(20)}${'MB'.padEnd(10)}memory ratio`,
  );
  for (const row of rows) {
    print(
      row.name.padEnd(34) +
        row.seconds.text.padEnd(22) +
        row.timeRatio.text.padEnd(20) +
        row.megabytes.median.toFixed(0).padEnd(10) +
        row.memoryRatio.text,
    );
  }
}

/** The contenders must have done the same job. */
function agreement(runs: ReadonlyMap<string, readonly Run[]>): void {
  const peer = runs.get('torch float32')![0]!;
  for (const [name, [run]] of runs) {
    const loss = Math.max(...run!.losses.map((value, i) => Math.abs(value - peer.losses[i]!)));
    const coverage = Math.max(
      ...run!.globalCoverage.a!.map((value, i) => Math.abs(value / peer.globalCoverage.a![i]! - 1)),
    );
    print(`${name}: loss differs by ${loss.toExponential(1)}, coverage by ${(100 * coverage).toFixed(3)} %`);
  }
}

function spread(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  return { median, low, high, text: `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})` };
}

function json(command: string, args: readonly string[]): Run {
  return JSON.parse(execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })) as Run;
}

/** The processor and what it has for small types. */
function processorName(): string {
  const flags = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  const known = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_int8', 'amx_bf16'];
  const present = known.filter((flag) => new RegExp(`\\b${flag}\\b`).test(flags));
  return `${cpus()[0]?.model ?? 'unknown processor'} (${present.join(', ') || 'no vector extensions known'})`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
