/** The probe: frames, passes, results. */
import { makeTemporaryFolder, removeTemporaryFolder } from '../files/index.ts';
import { describeModel, type Model, targetCount } from '../models/index.ts';
import { createRng, type Rng, studentInterval } from '../numeric/index.ts';
import { type ProbeRecord, roundNumbers } from '../record/index.ts';
import { createOnnxEngine, memoryBound } from '../runtime/index.ts';
import {
  type Batch,
  type ReadSequences,
  readSequences,
  sampleBatches,
  type TextOptions,
  type TextPaths,
  type Tokenizer,
} from '../text/index.ts';
import { compareBases } from './compare-bases.ts';
import { measureParts } from './measure-parts.ts';
import { describePlan, planMemory } from './memory-plan.ts';
import type { NaturalCurves } from './natural.ts';
import type { ProbeOptions } from './options.ts';
import { type ProbeSettings, resolveProbe } from './settings.ts';
import { StageClock } from './stage-clock.ts';
import { energyOf, type MeasuredLayer, summarizeGroup, summarizeModuleTypes } from './summarize.ts';

/** Significant digits of what a record says: more than any interval here resolves. */
const DIGITS = 6;

/** What a probe measured, and on what. */
export interface ProbeResult {
  readonly record: ProbeRecord;
  /** The measured batches, in order: token ids and loss masks. */
  readonly batches: readonly Batch[];
  /** ν at every rank, by basis and layer; empty where it was not measured. */
  readonly natural: ReadonlyMap<string, ReadonlyMap<string, NaturalCurves>>;
}

/**
 * Measures how much of a model's gradient low-rank subspaces reach, on the text of a file.
 *
 * Every rank, basis and family comes from the same passes. Data-driven bases are made from batches of their own.
 * Two batches run side by side in each pass, so that the products of independent batches tell signal from noise.
 *
 * @param model an opened model.
 * @param text files, folders or patterns (see `readDocuments`), or what `readProbeText` has read of them.
 * @throws UserError when the text is missing or too short, an option does not fit the model, the loss is not
 *   finite, it does not fit into memory (`memory-bound`), or `signal` stops the work before anything was measured
 *   (`stopped`).
 *
 * @example
 * ```ts
 * const { record } = await probe(model, 'notes.txt', { ranks: [4, 16], bases: ['svd', 'random'] });
 * console.log(renderProbeTable(record));
 * ```
 */
export async function probe(
  model: Model,
  text: TextPaths | ReadSequences,
  options: ProbeOptions = {},
): Promise<ProbeResult> {
  const started = performance.now();
  const { settings, layers, plans, notes } = resolveProbe(model, options);
  const rng = createRng(settings.seed);
  const clock = new StageClock();
  clock.add('opening', model.openingSeconds);
  const data = await clock.time('opening', async () =>
    typeof text === 'object' && 'sequences' in text
      ? text
      : await readProbeText(text, await model.tokenizer(), { ...options, ...settings }),
  );
  const batches = drawBatches(data, settings, rng.fork('batches'));
  const { documents, tokens, ...receipt } = data.receipt;
  options.onReceipt?.(data.receipt);
  const textBytes = Math.min(data.bytes, LONGEST_TEXT);
  const plan = planMemory({ model, layers, plans, settings }, textBytes, memoryBound(options.memory));
  options.onMemory?.(plan);
  const folder = makeTemporaryFolder();
  const engine = createOnnxEngine({ device: settings.device ?? 'cpu' });
  try {
    const work = { model, engine, plans, settings, ...batches, rng, clock, options, folder };
    const measured = await measureParts(plan.parts, work);
    const finished = measured.layers;
    await model.checkUnchanged();
    const norm = energyOf(finished);
    const global = summarizeGroup(finished, settings);
    return {
      batches: measured.batches,
      natural: naturalOf(finished),
      record: {
        schema: 'rankscope.probe',
        version: 1,
        status: measured.stopped ? 'partial' : 'complete',
        model: await describeModel(model),
        data: { path: data.path, sha256: data.sha256, documents, tokens, receipt },
        settings,
        measured: {
          batches: measured.batches.length,
          targets: measured.batches.reduce((sum, batch) => sum + targetCount(batch), 0),
          loss: studentInterval(measured.losses),
          seconds: (performance.now() - started) / 1000,
          stageSeconds: clock.seconds(),
          peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
          estimatedMemoryBytes: plan.estimatedBytes,
          memoryPlan: describePlan(plan),
        },
        notes: [...model.warnings, ...notes, ...plan.notes, ...measured.notes],
        global: roundNumbers({ ...global, comparisons: compareBases(finished, settings) }, DIGITS),
        moduleTypes: roundNumbers(summarizeModuleTypes(finished, layers, settings), DIGITS),
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

function naturalOf(layers: readonly MeasuredLayer[]): ProbeResult['natural'] {
  const found = new Map<string, Map<string, NaturalCurves>>();
  for (const { measurement, bases } of layers) {
    for (const { basis, natural } of bases) {
      if (natural === null) continue;
      const ofBasis = found.get(basis) ?? new Map<string, NaturalCurves>();
      found.set(basis, ofBasis.set(measurement.name, natural));
    }
  }
  return found;
}

/** Characters of a text that is read whole; of a longer one, a random part of the documents, as many characters. */
const LONGEST_TEXT = 2 ** 21;
/** Characters of a token, at most and about: a part of a text must hold what is to be drawn from it. */
const TOKEN_CHARACTERS = 16;

/** The sequences that a probe draws its batches from. Throws UserError as `readSequences` does. */
export function readProbeText(
  paths: TextPaths,
  tokenizer: Tokenizer,
  {
    seed,
    batches,
    calibrationBatches,
    batchSize,
    ...options
  }: Omit<TextOptions, 'sample'> &
    Pick<ProbeSettings, 'seed' | 'batches' | 'calibrationBatches' | 'batchSize'>,
): Promise<ReadSequences> {
  const tokens = (batches + calibrationBatches) * batchSize * options.seqLen;
  const characters = Math.max(LONGEST_TEXT, TOKEN_CHARACTERS * tokens);
  const sample = { characters, rng: createRng(seed).fork('documents') };
  return readSequences(paths, tokenizer, { ...options, sample });
}

/** The batches that a probe measures on, and those that it calibrates with. */
export function drawBatches(
  { sequences }: Pick<ReadSequences, 'sequences'>,
  { batches: count, batchSize, calibrationBatches }: ProbeSettings,
  rng: Rng,
): { readonly batches: readonly Batch[]; readonly calibration: readonly Batch[] } {
  // The measured batches come first, so that they do not depend on how many calibrate.
  const drawn = sampleBatches(sequences, { batchSize, count: count + calibrationBatches, rng });
  return { batches: drawn.slice(0, count), calibration: drawn.slice(count) };
}
