/** The whole command: a probe with its default bases, nothing cached, against the same work in PyTorch. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSafetensors } from '../src/checkpoint/index.ts';
import { drawBatches } from '../src/coverage/probe.ts';
import { resolveProbe } from '../src/coverage/settings.ts';
import { openModel } from '../src/models/index.ts';
import { createRng } from '../src/numeric/index.ts';
import type { ProbeRecord } from '../src/record/index.ts';
import { type Batch, readSequences } from '../src/text/index.ts';
import type { Setting } from './bench.ts';
import { type Contender, json, print, type Run, race, spread, table } from './race.ts';

interface WholeRun extends Run {
  /** Of the whole process, and of its stages by their names. */
  readonly seconds: number;
  readonly stages: Readonly<Record<string, number>>;
  /** By basis: coverage of cores at each of {@link RANKS}. */
  readonly coverage: Readonly<Record<string, readonly number[]>>;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TEXT = join(ROOT, 'assets', 'text', 'moby-dick.txt');
export const RANKS = [2, 4, 8, 16, 32, 64];
const PEER = 'torch float32';
/** Random frames are drawn by each side, and agree as closely as chance lets them. */
const BASES = ['svd', 'gradient', 'natural'];
const COVERAGE_BAR = 0.01;
const LOSS_BAR = 1e-4;

export async function wholeJob(setting: Setting): Promise<unknown[]> {
  const { model, path, inFolder, python, rounds, threads, wanted } = setting;
  print(`\n## whole probe, ${model}`);
  print('16 + 16 batches of 256 tokens; bases svd, random, gradient, natural; ranks 2 to 64; nothing cached');
  const [measured, calibration] = [inFolder('measured.safetensors'), inFolder('calibration.safetensors')];
  await writeProbeBatches(path, setting.cacheFolder, measured, calibration);
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
  const contenders = [
    { name: 'ours float32', run: () => runOurs(path, inFolder('whole-')) },
    ...(python === undefined
      ? []
      : [{ name: PEER, run: () => runTorch(python, { path, measured, calibration, threads }) }]),
  ].filter(wanted);
  const runs = race<WholeRun>(contenders satisfies Contender<WholeRun>[], rounds);
  const rows = table(runs, python === undefined ? contenders[0]!.name : PEER, ({ seconds }) => seconds);
  for (const [name, each] of runs) {
    const stages = Object.keys(each[0]!.stages).map(
      (stage) => `${stage} ${spread(each.map((run) => run.stages[stage] ?? 0)).median.toFixed(1)}`,
    );
    print(`${name}, median seconds: ${stages.join(', ')}`);
  }
  const differences = python === undefined ? undefined : agreement(runs);
  return [{ job: 'whole', model, rounds, rows, differences }];
}

/** The batches that a probe with default options draws from the text. */
export async function writeProbeBatches(
  path: string,
  cacheFolder: string,
  measured: string,
  calibration: string,
): Promise<void> {
  const model = await openModel(path, { cacheFolder });
  const { settings } = resolveProbe(model, { ranks: RANKS });
  const text = await readSequences(TEXT, await model.tokenizer(), settings);
  const drawn = drawBatches(text, settings, createRng(settings.seed).fork('batches'));
  const write = (file: string, batches: readonly Batch[]) => {
    const shape = [batches.length, batches[0]!.sequences, batches[0]!.seqLen];
    return writeSafetensors(file, {
      tokens: { dtype: 'int32', shape, data: Int32Array.from(batches.flatMap(({ tokens }) => [...tokens])) },
      lossMask: {
        dtype: 'uint8',
        shape,
        data: Uint8Array.from(batches.flatMap(({ lossMask }) => [...lossMask])),
      },
    });
  };
  await write(measured, drawn.batches);
  await write(calibration, drawn.calibration);
}

function runOurs(path: string, prefix: string): WholeRun {
  const folder = mkdtempSync(prefix);
  const out = join(folder, 'run');
  const started = performance.now();
  execFileSync(
    process.execPath,
    [
      ...[join(ROOT, 'dist', 'cli', 'main.js'), 'probe', path, '--data', TEXT, '--ranks', RANKS.join()],
      ...['--out', out, '--cache-dir', join(folder, 'cache'), '--quiet'],
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const seconds = (performance.now() - started) / 1000;
  const record = JSON.parse(readFileSync(join(out, 'probe.json'), 'utf8')) as ProbeRecord;
  rmSync(folder, { recursive: true });
  const { loss, peakMemoryBytes, stageSeconds } = record.measured;
  return {
    seconds,
    stages: stageSeconds ?? {},
    peakMemoryBytes,
    losses: [loss.mean],
    coverage: Object.fromEntries(
      record.global.bases.map(({ basis, families }) => [
        basis,
        families.find(({ family }) => family === 'core')!.points.map(({ coverage }) => coverage.mean),
      ]),
    ),
  };
}

interface TorchResult {
  readonly stages: Readonly<Record<string, number>>;
  readonly peakMemoryBytes: number;
  readonly loss: number;
  readonly bases: Readonly<
    Record<string, { readonly coverage: Readonly<Record<string, readonly number[]>> }>
  >;
}

function runTorch(
  python: string,
  files: {
    readonly path: string;
    readonly measured: string;
    readonly calibration: string;
    readonly threads: number;
  },
): WholeRun {
  const started = performance.now();
  const result = json<TorchResult>(python, [
    new URL('./torch_whole.py', import.meta.url).pathname,
    ...['--model', files.path, '--measured', files.measured, '--calibration', files.calibration],
    ...['--ranks', RANKS.join(), '--threads', String(files.threads)],
  ]);
  return {
    seconds: (performance.now() - started) / 1000,
    stages: result.stages,
    peakMemoryBytes: result.peakMemoryBytes,
    losses: [result.loss],
    coverage: Object.fromEntries(
      Object.entries(result.bases).map(([basis, { coverage }]) => [basis, coverage.core!]),
    ),
  };
}

/** Both sides must have found the same, or the race is void. */
function agreement(runs: ReadonlyMap<string, readonly WholeRun[]>) {
  const [ours, peer] = [runs.get('ours float32')![0]!, runs.get(PEER)![0]!];
  const loss = Math.abs(ours.losses[0]! - peer.losses[0]!);
  const differences = BASES.map((basis) => {
    const relative = ours.coverage[basis]!.map((value, i) => Math.abs(value / peer.coverage[basis]![i]! - 1));
    return { basis, coverage: Math.max(...relative) };
  });
  print(
    `loss differs by ${loss.toExponential(1)}; coverage of cores by at most ` +
      differences.map(({ basis, coverage }) => `${(100 * coverage).toFixed(2)} % (${basis})`).join(', '),
  );
  if (loss > LOSS_BAR || differences.some(({ coverage }) => coverage > COVERAGE_BAR)) {
    print('VOID: the two sides did not find the same');
  }
  return { loss, differences };
}
