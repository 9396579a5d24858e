/** The probe's job: what our measuring pass costs against PyTorch's, and what more bases and ranks cost. */
import type { Int8Kernel } from '../src/record/index.ts';
import type { Setting } from './bench.ts';
import { type Contender, json, lossDifference, print, type Run, race, table } from './race.ts';
import { randomFrames, randomTokens } from './setup.ts';

interface ProbeRun extends Run {
  readonly batchSeconds: readonly number[];
  readonly globalCoverage: Readonly<Record<string, readonly number[]>>;
}

const SEQ_LEN = 256;
const PEER = 'torch float32';

export async function probeJob(setting: Setting): Promise<unknown[]> {
  const { model, definition, inFolder, oursAt, threads, python, rounds, batches, rank, wanted } = setting;
  print(`\n## probe, ${model}`);
  print(
    `${batches} batches of 1×${SEQ_LEN} tokens; loss, ‖G‖ exact, core energies at every rank up to ${rank}; seconds of a batch`,
  );
  const tokens = inFolder('tokens.safetensors');
  await randomTokens(tokens, definition, [batches, 1, SEQ_LEN]);
  const framesFor = async (labels: readonly string[], columns: number) => {
    const path = inFolder(`frames-${labels.length}-${columns}.safetensors`);
    await randomFrames(path, definition, labels, columns);
    return path;
  };
  const one = await framesFor(['a'], rank);
  const { path, cacheFolder } = setting;
  const ours = (
    name: string,
    frames: string,
    compute: 'float32' | 'int8',
    { prepack = false, int8Kernel }: { prepack?: boolean; int8Kernel?: Int8Kernel } = {},
  ) => ({
    name,
    run: () => {
      const options = { model: path, tokens, frames, compute, int8Kernel, prepack, threads, cacheFolder };
      return json<ProbeRun>(process.execPath, [oursAt('ours-probe'), JSON.stringify(options)]);
    },
  });
  const torch = (name: string, mode: string, dtype: string): Contender<ProbeRun> => ({
    name,
    run: () =>
      json(python!, [
        new URL('./torch_probe.py', import.meta.url).pathname,
        ...['--model', path, '--tokens', tokens, '--frames', one, '--mode', mode, '--dtype', dtype],
        ...['--threads', String(threads), '--json'],
      ]),
  });
  const contenders = [
    ours('ours float32', one, 'float32'),
    ours('ours float32, weights rearranged', one, 'float32', { prepack: true }),
    ours('ours int8, rotated', one, 'int8', { int8Kernel: 'rotated' }),
    ours('ours int8, blocks', one, 'int8', { int8Kernel: 'blocks' }),
    ...(python === undefined
      ? []
      : [
          torch(PEER, 'lowrank', 'float32'),
          torch('torch bfloat16', 'lowrank', 'bfloat16'),
          torch('torch, hooks on full gradients', 'full', 'float32'),
        ]),
  ].filter(wanted);
  const seconds = (run: ProbeRun) => Math.min(...run.batchSeconds);
  const runs = race(contenders, rounds);
  const rows = table(runs, python === undefined ? contenders[0]!.name : PEER, seconds);
  if (python !== undefined) agreement(runs);
  const result = [{ job: 'probe', model, rounds, batches, rank, rows }];
  if (!setting.more) return result;

  print('\nwhat more costs, ours in float32 against one basis:');
  const base = ours('one basis', one, 'float32');
  const more = [
    base,
    ours('two bases', await framesFor(['a', 'b'], rank), 'float32'),
    ours('three bases', await framesFor(['a', 'b', 'c'], rank), 'float32'),
    ours('one basis, rank 16', await framesFor(['a'], 16), 'float32'),
    ours('one basis, rank 256', await framesFor(['a'], 256), 'float32'),
  ];
  const moreRows = table(race(more, rounds), base.name, seconds);
  return [...result, { job: 'probe, more', model, rounds, batches, rank, rows: moreRows }];
}

/** The contenders must have done the same job. */
function agreement(runs: ReadonlyMap<string, readonly ProbeRun[]>): void {
  const peer = runs.get(PEER)![0]!;
  for (const [name, [run]] of runs) {
    const coverage = Math.max(
      ...run!.globalCoverage.a!.map((value, i) => Math.abs(value / peer.globalCoverage.a![i]! - 1)),
    );
    const loss = lossDifference(run!, peer).toExponential(1);
    print(`${name}: loss differs by ${loss}, coverage by ${(100 * coverage).toFixed(3)} %`);
  }
}
