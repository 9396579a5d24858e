/** The frames of every basis on every layer. */
import { parse } from 'node:path';
import type { CacheEntry } from '../checkpoint/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import type { Rng } from '../numeric/index.ts';
import { type Basis, isDrawn, namedBasis } from '../record/index.ts';
import type { Engine, Resident } from '../runtime/index.ts';
import type { Batch } from '../text/index.ts';
import {
  BASIS_RULES,
  type BasisRule,
  type FrameSources,
  fileBasis,
  isDataDriven,
  makeFrame,
} from './bases.ts';
import type { Frame, FrameSet } from './frame.ts';
import {
  type FramesKey,
  framesEntry,
  keepFrames,
  narrowFrame,
  readFrames,
  roundFrame,
  wholeColumns,
} from './frames-cache.ts';
import { type FramesFile, openFrames } from './frames-file.ts';
import { LeadingFrames } from './leading/index.ts';
import { type LayerMoments, type Moments, readMoments, sumMoments } from './moments.ts';
import type { MomentsWanted } from './moments-pass.ts';
import type { Progress } from './options.ts';
import { StageClock } from './stage-clock.ts';
import { type CalibrationRoom, planSweeps, type Sweep } from './sweeps.ts';

/** A basis and one draw of it. */
export interface FramePlan {
  /** The name of the basis, or of the frames that the user brings. */
  readonly basis: string;
  /** The same, and the draw from the second on. */
  readonly label: string;
  readonly rule: BasisRule;
  /** Where the frames come from, if the user brings them. */
  readonly file?: FramesFile;
}

/**
 * One entry per basis, and one per draw of those that are drawn. What is not the name of a basis is a file of frames
 * for these layers.
 *
 * @throws UserError as {@link openFrames} does.
 */
export function planFrames(
  bases: readonly string[],
  draws: number,
  layers: readonly LinearLayer[],
): FramePlan[] {
  const taken = new Set<string>(bases);
  return bases.flatMap((text) => {
    const basis = namedBasis(text);
    if (basis === null) {
      const file = openFrames(text, layers);
      const name = freeName(nameOfFrames(file), taken);
      return { basis: name, label: name, rule: fileBasis(file), file };
    }
    const count = isDrawn(basis) ? draws : 1;
    return Array.from({ length: count }, (_, draw) => planBasis(basis, draw));
  });
}

/** One draw of a basis of the program. */
export const planBasis = (basis: Basis, draw = 0): FramePlan => ({
  basis,
  label: draw === 0 ? basis : `${basis}-${draw + 1}`,
  rule: BASIS_RULES[basis],
});

/** Whether frames of that name or file are made from calibration batches. */
export function needsCalibration(name: string): boolean {
  const basis = namedBasis(name);
  return basis !== null && isDataDriven(BASIS_RULES[basis]);
}

/** What has no room in a table is cut. */
const LONGEST_NAME = 40;

/** `gradient@notes` for the set `gradient` of notes.safetensors. */
const nameOfFrames = ({ label, path }: FramesFile): string =>
  `${label}@${parse(path).name}`.slice(0, LONGEST_NAME);

/** The name, or with a number behind it where frames of that name are there already. */
function freeName(name: string, taken: Set<string>): string {
  let free = name;
  for (let count = 2; taken.has(free); count++) free = `${name}(${count})`;
  taken.add(free);
  return free;
}

/** The moments that any of these bases is made from. */
export function momentsFor(rules: readonly BasisRule[]): MomentsWanted {
  return {
    gradient: rules.some(({ moments }) => moments.gradient),
    second: rules.some(({ moments }) => moments.second),
  };
}

export interface FrameInputs {
  readonly model: Model;
  readonly engine: Engine;
  readonly layers: readonly LinearLayer[];
  readonly plans: readonly FramePlan[];
  readonly rank: number;
  readonly ridge: number;
  /** Batches for the data-driven bases; they must not be measured on later. */
  readonly calibration: readonly Batch[];
  readonly rng: Rng;
  /** How the layers are calibrated, where that is planned already; otherwise within `room`. */
  readonly sweeps?: readonly Sweep[];
  readonly room?: CalibrationRoom;
  /** Told the seconds of calibration and of the frames of each basis. */
  readonly clock?: StageClock;
  /** Steps done, of all: passes over calibration batches, and layers framed. */
  readonly onProgress: (progress: Progress) => void;
}

/** Layers whose frames are made at one time: while the engine multiplies for one, small problems of others are solved. */
export const LAYERS_AT_A_TIME = 3;

/** A planned set: its frames as they were kept, or as they are made now. */
interface FrameMaking extends FramePlan {
  readonly key: FramesKey;
  readonly entry: CacheEntry | null;
  readonly kept: ReadonlyMap<string, Frame> | undefined;
  readonly made: Map<string, Frame>;
}

/** Makes the frames of each planned set, in the order of the plans. */
export async function makeFrames(inputs: FrameInputs): Promise<FrameSet<Frame>[]> {
  const { layers, plans, rank } = inputs;
  const wanted = momentsFor(plans.map(({ rule }) => rule));
  const sweeps = sweepsOf(inputs, wanted);
  const together = sweeps.map((sweep) => sweep.together);
  const sets = await Promise.all(plans.map((plan) => findKept(plan, inputs, together)));
  await makeMissing(
    sets.filter(({ kept }) => kept === undefined),
    sweeps,
    wanted,
    inputs,
  );
  return sets.map(({ label, kept, made }) => ({ label, frames: kept ?? narrow(layers, made, rank) }));
}

function sweepsOf(inputs: FrameInputs, wanted: MomentsWanted): readonly Sweep[] {
  const { model, layers, calibration, sweeps, room } = inputs;
  if (!wanted.gradient && !wanted.second)
    return [{ group: layers, together: 1, recomputed: 0, bytes: { moments: 0, pass: 0 } }];
  return sweeps ?? planSweeps(model, layers, wanted, calibration.length, calibration[0]!, room);
}

async function findKept(
  plan: FramePlan,
  { model, layers, engine, rank, ridge, calibration }: FrameInputs,
  together: readonly number[],
): Promise<FrameMaking> {
  const { basis, rule } = plan;
  const shared = { model, layers, basis, engine: engine.name, rank, calibration, together };
  const key = { ...shared, ridge: rule.ridged ? ridge : null };
  const entry = isDataDriven(rule) ? await framesEntry(key) : null;
  const kept = entry === null ? undefined : await readFrames(key, entry);
  return { ...plan, key, entry, kept, made: new Map() };
}

/** Makes what is not kept, and keeps what was calibrated. */
async function makeMissing(
  missing: readonly FrameMaking[],
  sweeps: readonly Sweep[],
  wanted: MomentsWanted,
  inputs: FrameInputs,
): Promise<void> {
  const { model, engine, layers, calibration, onProgress } = inputs;
  const clock = inputs.clock ?? new StageClock();
  // When some are missing the moments are summed as for all: the same frames come out whatever was kept.
  const needed = missing.some(({ rule }) => isDataDriven(rule));
  const passes = sweeps.reduce((sum, { together }) => sum + calibration.length / together, 0);
  const progressOf = (stage: Progress['stage'], total: number) => {
    let done = 0;
    return () => onProgress({ stage, done: ++done, total });
  };
  const afterPass = progressOf('calibration', passes);
  const afterLayer = progressOf('frames', layers.length);
  const spent = new StageClock();
  let framing = 0;
  await using leading = new LeadingFrames(engine);
  for (const sweep of sweeps) {
    await using sums = needed
      ? await clock.time('calibration', () =>
          sumMoments(model, engine, sweep, calibration, wanted, afterPass),
        )
      : null;
    const started = performance.now();
    const made = await inParallel(sweep.group, LAYERS_AT_A_TIME, async (layer, index) => {
      const frames = await frameLayer(layer, sums?.layers[index] ?? null, missing, {
        inputs,
        leading,
        spent,
      });
      await sums?.drop(index);
      afterLayer();
      return frames;
    });
    framing += (performance.now() - started) / 1000;
    await leading.dropScratch();
    // In the order of the layers, whichever was done first.
    sweep.group.forEach(({ name }, index) => {
      missing.forEach((set, place) => {
        set.made.set(name, made[index]![place]!);
      });
    });
  }
  clock.addShares(spent.seconds(), framing);
  for (const { key, entry, made } of missing) if (entry !== null) await keepFrames(key, entry, made);
}

/** A layer's frames of every missing set, in their order. */
async function frameLayer(
  layer: LinearLayer,
  moments: Moments<Resident> | null,
  missing: readonly FrameMaking[],
  {
    inputs: { model, engine, rng, rank, ridge },
    leading,
    spent,
  }: { inputs: FrameInputs; leading: LeadingFrames; spent: StageClock },
): Promise<Frame[]> {
  let read: Promise<LayerMoments> | undefined;
  const frames: Frame[] = [];
  for (const { basis, label, rule, entry } of missing) {
    const sources: FrameSources = {
      layer,
      weight: () => model.readLayer(layer),
      cache: model.cache,
      rng: rng.fork(`${label}/${layer.name}`),
      moments: moments && (() => (read ??= readMoments(moments))),
      ridge,
      product: engine.matmul,
      leading: { frames: leading, moments },
    };
    const columns = entry === null ? rank : wholeColumns(rank);
    const frame = await spent.time(`frames/${basis}`, () => makeFrame(rule, sources, columns));
    frames.push(entry === null ? frame : roundFrame(frame));
  }
  return frames;
}

const narrow = (
  layers: readonly LinearLayer[],
  frames: ReadonlyMap<string, Frame>,
  rank: number,
): Map<string, Frame> =>
  new Map(layers.map((layer) => [layer.name, narrowFrame(frames.get(layer.name)!, layer, rank)]));

/** `work` on every item, a few at a time. When one fails, those that have begun are waited for, and no more begin. */
async function inParallel<T, R>(
  items: readonly T[],
  atATime: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!, index);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: atATime }, worker));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results;
}
