/** What trials work with: the model, texts and frames of a setting, opened once per process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Frame, type FrameSet, isDataDriven, makeFrames, placeFrames } from '../coverage/index.ts';
import {
  type Batch,
  type Model,
  openModel,
  readSequences,
  type Sequences,
  sampleBatches,
} from '../models/index.ts';
import { createRng, matrix, type Rng, spread } from '../numeric/index.ts';
import type { Basis } from '../record/index.ts';
import { createOnnxEngine, type Engine } from '../runtime/index.ts';
import { readTensors } from '../training/index.ts';
import type { Setting } from './trial.ts';

/** Share of the text that is held out: its end. */
const HELD_OUT = 0.2;

/** λ of natural frames and of ν. */
export const RIDGE = 0.3;

/** Batches that an observation measures; even, as they run in pairs. */
export const OBSERVED_BATCHES = 8;

export interface Workbench {
  readonly setting: Setting;
  readonly model: Model;
  readonly engine: Engine;
  readonly train: Sequences;
  /** Sequences that held-out losses are taken over. */
  readonly evaluation: Sequences;
  /** Frames of a basis for every layer, and where they stand for the engine to map. */
  frames(basis: Basis, seed: number): Promise<FrameSet<Frame>>;
  /** Makes the frames files that are missing, those of data-driven bases from the same passes. */
  prepareFrames(bases: readonly Basis[], seed: number): Promise<void>;
  /** Batches to observe, apart from those that frames are made from. */
  observedBatches(seed: number): readonly Batch[];
  close(): Promise<void>;
}

export interface WorkbenchOptions {
  /** Where frames are kept: they are made again when they are gone. */
  readonly framesFolder: string;
  /** Names the contents of model and texts. */
  readonly contents: readonly string[];
  readonly threads: number;
}

/** Where the frames of a basis are kept; the weights' singular vectors are the same for every seed. */
export function framesFile(
  { name, frameRank }: Setting,
  { framesFolder, contents }: Pick<WorkbenchOptions, 'framesFolder' | 'contents'>,
  basis: Basis,
  seed: number,
): string {
  const hashes = contents.map((hash) => hash.slice(0, 8)).join('-');
  const draw = basis.startsWith('svd') ? 0 : seed;
  return join(framesFolder, `${name}-${hashes}-${frameRank}-${basis}-${draw}.safetensors`);
}

/** @throws UserError those of `openModel` and `readSequences`. */
export async function openWorkbench(setting: Setting, options: WorkbenchOptions): Promise<Workbench> {
  const model = await openModel(setting.model);
  const engine = createOnnxEngine({ threads: options.threads });
  const tokenizer = await model.tokenizer();
  const { seqLen, batchSize } = setting;
  const { sequences } = await readSequences(setting.data, tokenizer, { seqLen, pack: true });
  const trained = Math.floor((1 - HELD_OUT) * sequences.count);
  const train = pick(sequences, range(0, trained));
  const evaluation = pick(sequences, spread(range(trained, sequences.count), setting.evalSequences));
  const known = new Map<string, Promise<FrameSet<Frame>>>();

  /** The observed batches come first, so that they do not depend on how many calibrate. */
  const draw = (seed: number) =>
    sampleBatches(train, {
      batchSize,
      count: OBSERVED_BATCHES + setting.calibrationBatches,
      rng: createRng(seed).fork('observed and calibration'),
    });
  const fileOf = (basis: Basis, seed: number) => framesFile(setting, options, basis, seed);

  async function prepareFrames(bases: readonly Basis[], seed: number): Promise<void> {
    const missing = [...new Set(bases)].filter((basis) => !existsSync(fileOf(basis, seed)));
    if (missing.length === 0) return;
    const calibration = missing.some(isDataDriven) ? draw(seed).slice(OBSERVED_BATCHES) : [];
    const sets = await makeFrames({
      model,
      engine,
      layers: model.definition.layers,
      plans: missing.map((basis) => ({ basis, label: basis })),
      rank: setting.frameRank,
      ridge: RIDGE,
      calibration,
      rng: createRng(seed).fork('frames'),
      onProgress: () => {},
    });
    for (const set of sets) await placeFrames(fileOf(set.basis, seed), [set]);
  }

  return {
    setting,
    model,
    engine,
    train,
    evaluation,
    prepareFrames,
    frames(basis, seed) {
      const path = fileOf(basis, seed);
      const found = known.get(path) ?? prepareFrames([basis], seed).then(() => readFrames(path, basis));
      known.set(path, found);
      return found;
    },
    observedBatches: (seed) => draw(seed).slice(0, OBSERVED_BATCHES),
    close: () => engine.close(),
  };
}

function readFrames(path: string, basis: Basis): FrameSet<Frame> {
  const sides = new Map<string, Partial<Record<'u' | 'v', Frame['u']>>>();
  for (const [name, { shape, data }] of readTensors(path).tensors) {
    const [, layer, side] = name.split('/') as [string, string, 'u' | 'v'];
    const values = Float64Array.from(data as Float32Array);
    sides.set(layer, { ...sides.get(layer), [side]: matrix(shape[0]!, shape[1]!, values) });
  }
  return { basis, label: basis, frames: sides as Map<string, Frame> };
}

/** The sequences with these indices. */
function pick(sequences: Sequences, indices: readonly number[]): Sequences {
  const { seqLen } = sequences;
  const tokens = new Int32Array(indices.length * seqLen);
  const lossMask = new Uint8Array(indices.length * seqLen);
  indices.forEach((index, row) => {
    tokens.set(sequences.tokens.subarray(index * seqLen, (index + 1) * seqLen), row * seqLen);
    lossMask.set(sequences.lossMask.subarray(index * seqLen, (index + 1) * seqLen), row * seqLen);
  });
  return { tokens, lossMask, count: indices.length, seqLen, tokensFound: sequences.tokensFound };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Random numbers of a trial. */
export const trialRng = (seed: number, purpose: string): Rng => createRng(seed).fork(purpose);
