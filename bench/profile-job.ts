/** Where the time of a calibrating and of a measuring pass goes, op by op, by each side's own profiler. */
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeFrames } from '../src/coverage/frame.ts';
import { collectMoments, measure } from '../src/coverage/index.ts';
import { resolveProbe } from '../src/coverage/settings.ts';
import { openModel } from '../src/models/index.ts';
import { createRng, matrix } from '../src/numeric/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import type { Setting } from './bench.ts';
import { readBatches } from './files.ts';
import { json, print } from './race.ts';
import { RANKS, writeProbeBatches } from './whole-job.ts';

/** Milliseconds of an op in one pass. */
type Costs = Readonly<Record<string, number>>;
type Profile = Readonly<Record<'calibration' | 'measuring', Costs>>;

/** Ops that take less than this share of a pass are printed as one. */
const NAMED = 0.01;

export async function profileJob(setting: Setting): Promise<unknown[]> {
  const { model, path, inFolder, python, threads } = setting;
  print(`\n## profile, ${model}`);
  print('milliseconds of each op in one pass over two batches of 256 tokens, after another to warm up');
  const files = {
    measured: inFolder('measured.safetensors'),
    calibration: inFolder('calibration.safetensors'),
  };
  await writeProbeBatches(path, setting.cacheFolder, files.measured, files.calibration);
  const ours = await profileOurs(setting, files);
  tell('ours', ours);
  if (python === undefined) return [{ job: 'profile', model, ours }];
  const torch = json<Profile>(python, [
    new URL('./torch_whole.py', import.meta.url).pathname,
    ...['--model', path, '--measured', files.measured, '--calibration', files.calibration, '--profile'],
    ...['--ranks', RANKS.join(), '--threads', String(threads)],
  ]);
  tell('torch', torch);
  return [{ job: 'profile', model, ours, torch }];
}

async function profileOurs(
  { path, cacheFolder, threads, inFolder }: Setting,
  files: { readonly measured: string; readonly calibration: string },
): Promise<Profile> {
  const folder = mkdtempSync(inFolder('profile-'));
  const model = await openModel(path, { cacheFolder });
  const { settings, layers, plans } = resolveProbe(model, { ranks: RANKS });
  const engineOf = (stage: string) => createOnnxEngine({ threads, profile: join(folder, stage) });

  const calibrating = engineOf('calibration');
  const held = readBatches(files.calibration).slice(0, 4);
  const moments = collectMoments(
    model,
    calibrating,
    layers,
    held,
    { gradient: true, second: true },
    () => {},
  );
  // The first of them is there when all passes are done; the others need not be read.
  await moments.next();
  await moments.return(undefined);
  await calibrating.close();

  const rng = createRng(0);
  const side = (rows: number, rank: number) =>
    matrix(
      rows,
      rank,
      Float64Array.from({ length: rows * rank }, () => rng.normal() / Math.sqrt(rows)),
    );
  const sets = plans.map(({ label, basis }) => ({
    label,
    basis,
    frames: new Map(
      layers.map(({ name, inFeatures: m, outFeatures: n }) => {
        const rank = Math.min(RANKS.at(-1)!, m, n);
        return [name, { u: side(m, rank), v: side(n, rank) }] as const;
      }),
    ),
  }));
  const placed = await placeFrames(join(folder, 'frames.safetensors'), sets);
  const measuring = engineOf('measuring');
  const batches = readBatches(files.measured).slice(0, 4);
  const plain = { ...settings, spectrumBatches: 0 };
  await (await measure(model, measuring, layers, placed, batches, plain, rng, () => false)).release();
  await measuring.close();
  const costs = (stage: string) =>
    costsOf(join(folder, readdirSync(folder).find((name) => name.startsWith(`${stage}_`))!));
  return { calibration: costs('calibration'), measuring: costs('measuring') };
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  /** Microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/** Of the last run in a profile of the ONNX Runtime. */
function costsOf(file: string): Costs {
  const events = JSON.parse(readFileSync(file, 'utf8')) as ProfileEvent[];
  const last = events.filter(({ name }) => name === 'model_run').at(-1)!;
  const costs: Record<string, number> = {};
  for (const { cat, name, ts, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || ts < last.ts) continue;
    const op = args!.op_name!;
    costs[op] = (costs[op] ?? 0) + dur / 1000;
  }
  return costs;
}

function tell(side: string, profile: Profile): void {
  for (const [stage, costs] of Object.entries(profile)) {
    const total = Object.values(costs).reduce((sum, one) => sum + one, 0);
    const sorted = Object.entries(costs).toSorted((a, b) => b[1] - a[1]);
    const named = sorted.filter(([, cost]) => cost >= NAMED * total);
    const rest = sorted.slice(named.length).reduce((sum, [, cost]) => sum + cost, 0);
    print(`${side}, ${stage}, ${total.toFixed(0)} ms:`);
    for (const [op, cost] of [...named, ['others', rest] as const]) {
      print(
        `  ${op.padEnd(44)} ${cost.toFixed(0).padStart(6)} ${((100 * cost) / total).toFixed(0).padStart(4)} %`,
      );
    }
  }
}
