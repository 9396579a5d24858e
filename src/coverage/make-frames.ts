/** The frames of every basis on every layer. */
import { UserError } from '../errors/index.ts';
import type { Batch, LinearLayer, Model } from '../models/index.ts';
import type { Rng } from '../numeric/index.ts';
import { BASES, type Basis, FILE_BASES, type MadeBasis } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import { MOMENTS_OF_BASIS, makeFrame } from './bases.ts';
import type { Frame, FrameSet } from './frame.ts';
import { type FramesFile, openFrames } from './frames-file.ts';
import { collectMoments, type LayerMoments, layerGroups, type MomentsWanted } from './moments.ts';
import { StageClock } from './stage-clock.ts';

/** A basis and one draw of it. */
export interface FramePlan {
  readonly basis: Basis;
  readonly label: string;
  /** Of a basis that the user brings. */
  readonly file?: FramesFile;
}

/**
 * One entry per basis, and one per draw of the random one. What is not the name of a basis is a file of frames for
 * these layers.
 *
 * @throws UserError as {@link openFrames} does; `frames-files-too-many`.
 */
export function planFrames(
  bases: readonly string[],
  randomFrames: number,
  layers: readonly LinearLayer[],
): FramePlan[] {
  const files = bases.filter((name) => namedBasis(name) === null);
  if (files.length > FILE_BASES.length) {
    throw new UserError('frames-files-too-many', {
      what: 'too many frames come from files',
      got: files.join(', '),
      expected: `at most ${FILE_BASES.length}`,
      fix: 'measure the others in a second run: the same seed measures on the same batches',
    });
  }
  return bases.flatMap((name): FramePlan[] => {
    const basis = namedBasis(name);
    if (basis === null) {
      const place = FILE_BASES[files.indexOf(name)]!;
      return [{ basis: place, label: place, file: openFrames(name, layers) }];
    }
    return Array.from({ length: basis === 'random' ? randomFrames : 1 }, (_, draw) => ({
      basis,
      label: draw === 0 ? basis : `${basis}-${draw + 1}`,
    }));
  });
}

/** The basis of that name, or null for a file. */
export const namedBasis = (name: string): MadeBasis | null => BASES.find((basis) => basis === name) ?? null;

/** The moments that any of these bases is made from. */
export function momentsFor(bases: readonly Basis[]): MomentsWanted {
  const all = bases.map((basis) => MOMENTS_OF_BASIS[basis]);
  return { gradient: all.some(({ gradient }) => gradient), second: all.some(({ second }) => second) };
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
  /** Told the seconds of calibration and of the frames of each basis. */
  readonly clock?: StageClock;
  /** Steps done, of all: passes over calibration batches, and layers framed. */
  readonly onProgress: (done: number, total: number) => void;
}

/** Makes the frames of each planned set, layer by layer. */
export async function makeFrames(inputs: FrameInputs): Promise<FrameSet<Frame>[]> {
  const { model, engine, layers, plans, rank, ridge, calibration, rng, onProgress } = inputs;
  const clock = inputs.clock ?? new StageClock();
  const wanted = momentsFor(plans.map(({ basis }) => basis));
  const needed = wanted.gradient || wanted.second;
  const passes = needed ? layerGroups(layers, wanted).length * calibration.length : 0;
  let done = 0;
  const step = () => onProgress(++done, passes + layers.length);
  const sets = plans.map((plan) => ({ ...plan, frames: new Map<string, Frame>() }));
  const frameLayer = async (layer: LinearLayer, moments: LayerMoments | null) => {
    for (const { basis, label, file = null, frames } of sets) {
      const sources = {
        layer,
        weight: () => model.readLayer(layer),
        cache: model.cache,
        rng: rng.fork(`${label}/${layer.name}`),
        moments,
        ridge,
        file,
        product: engine.matmul,
      };
      const frame = await clock.time(`frames/${basis}`, () => makeFrame(basis, sources, rank));
      frames.set(layer.name, frame);
    }
    step();
  };
  if (needed) {
    const all = collectMoments(model, engine, layers, calibration, wanted, step);
    for (;;) {
      const next = await clock.time('calibration', () => all.next());
      if (next.done) break;
      await frameLayer(next.value.layer, next.value);
    }
  } else {
    for (const layer of layers) await frameLayer(layer, null);
  }
  return sets;
}
