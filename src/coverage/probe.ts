/** The probe: frames, passes, results. */
import { join } from 'node:path';
import { UserError } from '../errors/index.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../files/index.ts';
import {
  type Batch,
  describeModel,
  type Model,
  type Receipt,
  readSequences,
  sampleBatches,
  targetCount,
} from '../models/index.ts';
import { createRng, mean, type Rng, studentInterval } from '../numeric/index.ts';
import { type Basis, type ProbeRecord, roundNumbers } from '../record/index.ts';
import { createOnnxEngine, type Engine } from '../runtime/index.ts';
import { compareBases } from './compare-bases.ts';
import { estimateMemory } from './estimate.ts';
import { type FrameSet, placeFrames } from './frame.ts';
import { makeFrames } from './make-frames.ts';
import { globalCoverages, type Measured, measure, widestInterval } from './measure.ts';
import { naturalCurves } from './natural.ts';
import type { ProbeOptions, Progress } from './options.ts';
import { type ProbeSettings, resolveProbe } from './settings.ts';
import { summarizeSpectra } from './spectrum.ts';
import { StageClock } from './stage-clock.ts';
import { type MeasuredLayer, summarizeGroup } from './summarize.ts';
import { Whitener } from './whitener.ts';

/** Significant digits of what a record says: more than any interval here resolves. */
const DIGITS = 6;

/** What a probe measured, and on what. */
export interface ProbeResult {
  readonly record: ProbeRecord;
  /** The measured batches, in order: token ids and loss masks. */
  readonly batches: readonly Batch[];
}

/**
 * Measures how much of a model's gradient low-rank subspaces reach, on the text of a file.
 *
 * Every rank, basis and family comes from the same passes. Data-driven bases are made from batches of their own.
 * Two batches run side by side in each pass, so that the products of independent batches tell signal from noise.
 *
 * @param model an opened model.
 * @param dataPath a .txt, .jsonl or .json file (see `readDocuments`).
 * @throws UserError when the text is missing or too short, an option does not fit the model, the loss is not
 *   finite, or `signal` stops the work before anything was measured (code `stopped`).
 */
export async function probe(
  model: Model,
  dataPath: string,
  options: ProbeOptions = {},
): Promise<ProbeResult> {
  const started = performance.now();
  const { settings, layers, plans, notes } = resolveProbe(model, options);
  const rng = createRng(settings.seed);
  const clock = new StageClock();
  clock.add('opening', model.openingSeconds);
  const data = await clock.time('opening', () => readBatches(model, dataPath, settings, rng.fork('batches')));
  const rank = settings.ranks.at(-1)!;
  const { documents, tokens, ...receipt } = data.receipt;
  options.onReceipt?.(data.receipt);
  const estimatedMemoryBytes = estimateMemory(model, layers, plans, settings, data.bytes);
  options.onEstimate?.(estimatedMemoryBytes);
  const watch = new Watch(options);
  const folder = makeTemporaryFolder();
  const engine = createOnnxEngine();
  try {
    const frames = await makeFrames({
      model,
      engine,
      layers,
      plans,
      rank,
      ridge: settings.ridge,
      calibration: data.calibration,
      rng: rng.fork('frames'),
      clock,
      onProgress: (progress) => watch.progress(progress),
    });
    const sets = await placeFrames(options.framesFile ?? join(folder, 'frames.safetensors'), frames);
    const afterPass = (soFar: Measured): boolean => {
      watch.report({ stage: 'measuring', done: soFar.batches.length, total: settings.batches });
      options.onPass?.(passMetrics(soFar, sets));
      return watch.stopped || widestInterval(soFar) < (settings.ciWidth ?? 0);
    };
    const measured = await clock.time('measuring', () =>
      measure(model, engine, layers, sets, data.measured, settings, rng.fork('permutation'), afterPass),
    );
    const finished = await clock.time('summary', () => finish(measured, sets, settings, engine, watch));
    await model.checkUnchanged();
    const norm = energyOf(finished);
    const global = summarizeGroup(finished, settings);
    return {
      batches: measured.batches,
      record: {
        schema: 'rankscope.probe',
        version: 1,
        status: watch.stopped && measured.batches.length < settings.batches ? 'partial' : 'complete',
        model: await describeModel(model),
        data: { path: dataPath, sha256: data.sha256, documents, tokens, receipt },
        settings,
        measured: {
          batches: measured.batches.length,
          targets: measured.batches.reduce((sum, batch) => sum + targetCount(batch), 0),
          loss: studentInterval(measured.losses),
          seconds: (performance.now() - started) / 1000,
          stageSeconds: clock.seconds(),
          peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
          estimatedMemoryBytes,
        },
        notes: [...model.warnings, ...notes],
        global: roundNumbers({ ...global, comparisons: compareBases(finished, settings) }, DIGITS),
        layers: finished.map((layer) => ({
          name: layer.measurement.name,
          inFeatures: layer.measurement.inFeatures,
          outFeatures: layer.measurement.outFeatures,
          energyShare: norm > 0 ? energyOf([layer]) / norm : 0,
          effectiveRank: layer.spectrum.effectiveRank,
          spectrum: roundNumbers([...layer.spectrum.spectrum], 5),
          ...roundNumbers(summarizeGroup([layer], settings), DIGITS),
        })),
      },
    };
  } finally {
    await engine.close();
    removeTemporaryFolder(folder);
  }
}

/** Progress out, stop requests in. */
class Watch {
  private readonly options: ProbeOptions;

  constructor(options: ProbeOptions) {
    this.options = options;
  }

  get stopped(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  report(progress: Progress): void {
    this.options.onProgress?.(progress);
  }

  /** Before anything is measured there is nothing to keep. */
  progress(progress: Progress): void {
    this.report(progress);
    if (this.stopped) {
      throw new UserError('stopped', {
        what: 'stopped before anything was measured',
        fix: 'run the same command again; decompositions that were finished are kept',
      });
    }
  }
}

interface ProbeData {
  readonly calibration: readonly Batch[];
  readonly measured: readonly Batch[];
  readonly sha256: string;
  readonly receipt: Receipt;
  /** Of the file. */
  readonly bytes: number;
}

/** The batches that a probe measures on, and those that it calibrates with. */
export async function readBatches(
  model: Model,
  path: string,
  settings: ProbeSettings,
  rng: Rng,
): Promise<ProbeData> {
  const tokenizer = await model.tokenizer();
  const { sequences, receipt, sha256, bytes } = await readSequences(path, tokenizer, settings);
  const { batches: count, batchSize, calibrationBatches } = settings;
  // The measured batches come first, so that they do not depend on how many calibrate.
  const drawn = sampleBatches(sequences, { batchSize, count: count + calibrationBatches, rng });
  return {
    measured: drawn.slice(0, count),
    calibration: drawn.slice(count),
    sha256,
    receipt,
    bytes,
  };
}

/** The latest pass in numbers. */
function passMetrics(measured: Measured, sets: readonly FrameSet[]): Record<string, number> {
  const lanes = measured.targets.at(-1)!.length;
  const latest = (values: readonly number[]) => mean(values.slice(-lanes));
  return {
    batches: measured.batches.length,
    loss: latest(measured.losses),
    ...Object.fromEntries(
      sets.map(({ label }, set) => [`coverage/${label}`, latest(globalCoverages(measured, set))]),
    ),
  };
}

/** Groups the draws of a basis, and computes natural coverage. */
async function finish(
  { layers, targets, spectra }: Measured,
  sets: readonly FrameSet[],
  { bases, ridge }: ProbeSettings,
  engine: Engine,
  watch: Watch,
): Promise<MeasuredLayer[]> {
  const finished: MeasuredLayer[] = [];
  const whitener = new Whitener(engine);
  for (const measurement of layers) {
    const ofBasis = async (basis: Basis) => {
      const draws = measurement.frames.filter((_, index) => sets[index]!.basis === basis);
      const { natural, rank } = draws[0]!;
      const curves = natural && (await naturalCurves(measurement, natural, rank, targets, ridge, whitener));
      return { basis, draws, natural: curves };
    };
    const measuredBases: Awaited<ReturnType<typeof ofBasis>>[] = [];
    for (const basis of bases) measuredBases.push(await ofBasis(basis));
    finished.push({
      measurement,
      spectrum: summarizeSpectra(spectra.get(measurement.name)!),
      bases: measuredBases,
    });
    watch.report({ stage: 'summary', done: finished.length, total: layers.length });
  }
  await whitener.release();
  return finished;
}

/** Summed ‖G‖² of the measured batches. */
const energyOf = (layers: readonly MeasuredLayer[]): number =>
  layers.reduce((sum, { measurement }) => sum + measurement.inner.batches.reduce((a, b) => a + b, 0), 0);
