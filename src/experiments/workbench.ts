/** What trials work with: the model, texts and frames of a setting, opened once per process. */
import type { CacheEntry } from '../checkpoint/index.ts';
import {
  dependsOnSeed,
  type Frame,
  type FrameSet,
  makeFrames,
  needsCalibration,
  planBasis,
} from '../coverage/index.ts';
import { type Model, openModel } from '../models/index.ts';
import { createRng, float32, matrix, type Rng, spread, type Tensor } from '../numeric/index.ts';
import { type Basis, PROBE_OPTIONS } from '../record/index.ts';
import { createOnnxEngine, type Engine } from '../runtime/index.ts';
import { type Batch, readSequences, type Sequences, sampleBatches, sequencesOf } from '../text/index.ts';
import type { SettingIdentity } from './setting-identity.ts';
import type { Setting } from './trial.ts';

/** Share of the text that is held out: its end. */
const HELD_OUT = 0.2;

/** λ of natural frames and of ν. */
export const RIDGE = PROBE_OPTIONS.ridge.default;

/** Batches that an observation measures; even, as they run in pairs. */
export const OBSERVED_BATCHES = 8;

/** The frames of a basis on every layer. */
export interface BasisFrames extends FrameSet<Frame> {
  readonly basis: Basis;
}

export interface Workbench {
  readonly setting: Setting;
  readonly model: Model;
  readonly engine: Engine;
  readonly train: Sequences;
  /** Sequences that held-out losses are taken over. */
  readonly evaluation: Sequences;
  /** Frames of a basis for every layer, and where they stand for the engine to map. */
  frames(basis: Basis, seed: number): Promise<BasisFrames>;
  /** Makes the frames files that are missing, those of data-driven bases from the same passes. */
  prepareFrames(bases: readonly Basis[], seed: number): Promise<void>;
  /** Batches to observe, apart from those that frames are made from. */
  observedBatches(seed: number): readonly Batch[];
  close(): Promise<void>;
}

export interface WorkbenchOptions extends FramesOf {
  /** Of weights, decompositions and frames: they are made again when they are gone. */
  readonly cacheFolder: string;
  readonly threads: number;
}

/** What frames are made of, beside a setting's sizes. */
interface FramesOf {
  /** Names the contents of model and texts. */
  readonly contents: readonly string[];
  readonly identity: SettingIdentity;
}

/** To be raised when frames are drawn or made in another way. */
const FRAMES_VERSION = 1;

/** Where the frames of a basis are kept; the weights' singular vectors are the same for every seed. */
export function framesEntry(setting: Setting, of: FramesOf, basis: Basis, seed: number): CacheEntry {
  const { frameRank, batchSize, seqLen, calibrationBatches } = setting;
  const draw = dependsOnSeed(basis) ? seed : 0;
  const { contents, identity } = of;
  const calibration = {
    batchSize,
    seqLen,
    calibrationBatches,
    heldOut: HELD_OUT,
    observed: OBSERVED_BATCHES,
  };
  const key = { contents, identity, frameRank, calibration, ridge: RIDGE, basis, draw };
  return { kind: 'experiment-frames', version: FRAMES_VERSION, key };
}

/** @throws UserError those of `openModel` and `readSequences`. */
export async function openWorkbench(setting: Setting, options: WorkbenchOptions): Promise<Workbench> {
  const model = await openModel(setting.model, { cacheFolder: options.cacheFolder });
  const tokenizer = await model.tokenizer();
  const { seqLen, batchSize } = setting;
  const { sequences } = await readSequences(setting.data, tokenizer, { seqLen, pack: true });
  const trained = Math.floor((1 - HELD_OUT) * sequences.count);
  const train = pick(sequences, range(0, trained));
  const evaluation = pick(sequences, spread(range(trained, sequences.count), setting.evalSequences));
  const engine = createOnnxEngine({ threads: options.threads });
  const known = new Map<string, BasisFrames>();
  let turn: Promise<void> = Promise.resolve();

  /** The observed batches come first, so that they do not depend on how many calibrate. */
  const draw = (seed: number) =>
    sampleBatches(train, {
      batchSize,
      count: OBSERVED_BATCHES + setting.calibrationBatches,
      rng: createRng(seed).fork('observed and calibration'),
    });
  const { cache } = model;
  const entryOf = (basis: Basis, seed: number) => framesEntry(setting, options, basis, seed);
  const nameOf = (basis: Basis, seed: number) => cache.pathOf(entryOf(basis, seed));

  async function find(basis: Basis, seed: number): Promise<BasisFrames | undefined> {
    const made = known.get(nameOf(basis, seed));
    if (made !== undefined) return made;
    const kept = await cache.read(entryOf(basis, seed));
    return kept === undefined ? undefined : toFrames(kept, basis);
  }

  async function prepareFrames(bases: readonly Basis[], seed: number): Promise<void> {
    const missing: Basis[] = [];
    for (const basis of new Set(bases)) {
      const found = await find(basis, seed);
      if (found === undefined) missing.push(basis);
      else known.set(nameOf(basis, seed), found);
    }
    if (missing.length === 0) return;
    const calibration = missing.some(needsCalibration) ? draw(seed).slice(OBSERVED_BATCHES) : [];
    const sets = await makeFrames({
      model,
      engine,
      layers: model.definition.layers,
      plans: missing.map((basis) => planBasis(basis)),
      rank: setting.frameRank,
      ridge: RIDGE,
      calibration,
      rng: createRng(seed).fork('frames'),
      onProgress: () => {},
    });
    for (const [index, { frames }] of sets.entries()) {
      const basis = missing[index]!;
      const tensors = toTensors(frames);
      await cache.write(entryOf(basis, seed), tensors);
      known.set(nameOf(basis, seed), toFrames(tensors, basis));
    }
  }

  return {
    setting,
    model,
    engine,
    train,
    evaluation,
    prepareFrames,
    async frames(basis, seed) {
      // One after the other: two trials that ask for the same frames make them once.
      turn = turn.catch(() => {}).then(() => prepareFrames([basis], seed));
      await turn;
      return known.get(nameOf(basis, seed))!;
    },
    observedBatches: (seed) => draw(seed).slice(0, OBSERVED_BATCHES),
    close: () => engine.close(),
  };
}

/** Frames by `<layer>/u` and `<layer>/v`, as float32 holds them. */
function toTensors(frames: ReadonlyMap<string, Frame>): Record<string, Tensor> {
  return Object.fromEntries(
    [...frames].flatMap(([layer, frame]) =>
      (['u', 'v'] as const).map((side) => {
        const { rows, cols, data } = frame[side];
        return [`${layer}/${side}`, float32([rows, cols], data)];
      }),
    ),
  );
}

function toFrames(tensors: Readonly<Record<string, Tensor>>, basis: Basis): BasisFrames {
  const sides = new Map<string, Partial<Record<'u' | 'v', Frame['u']>>>();
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const [layer, side] = name.split('/') as [string, 'u' | 'v'];
    const values = Float64Array.from(data as Float32Array);
    sides.set(layer, { ...sides.get(layer), [side]: matrix(shape[0]!, shape[1]!, values) });
  }
  return { basis, label: basis, frames: sides as Map<string, Frame> };
}

/** The sequences with these indices. */
const pick = (sequences: Sequences, indices: readonly number[]): Sequences =>
  sequencesOf(sequences.batch(indices), { tokensFound: sequences.tokensFound });

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Random numbers of a trial. */
export const trialRng = (seed: number, purpose: string): Rng => createRng(seed).fork(purpose);
