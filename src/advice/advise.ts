/** An advice: one probe, a choice, and the learning rate of what was chosen. */
import { join } from 'node:path';
import { type LayerPlan, startAdapter, trainedArrays } from '../adapters/index.ts';
import {
  fitContext,
  type MemoryUse,
  type ProbeResult,
  type Progress,
  probe,
  selectLayers,
} from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import { inTemporaryFolder } from '../files/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { createRng } from '../numeric/index.ts';
import { type OptionValues, resolveOptions } from '../options/index.ts';
import {
  ADVISE_OPTIONS,
  type AdviceRecord,
  type AutomaticRate,
  DEFAULT_BASES,
  roundNumbers,
} from '../record/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import type { Batch, ReadSequences, Receipt, TextPaths } from '../text/index.ts';
import {
  advisedRate,
  FIRST_STEP_BATCHES,
  loadAdapterGradients,
  measureFirstStep,
} from '../training/index.ts';
import { chooseBudget, coreParameters, largestRank } from './budget.ts';
import { choose } from './choose.ts';

export interface AdviseOptions extends OptionValues<typeof ADVISE_OPTIONS> {
  readonly onReceipt?: (receipt: Receipt) => void;
  readonly onMemory?: (use: MemoryUse) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What an advice is found from, and the plan as adapters take it. */
export interface Advice {
  readonly record: AdviceRecord;
  /** By layer, without those that are left out. */
  readonly layers: readonly AdvisedLayer[];
}

export type AdvisedLayer = Pick<LayerPlan, 'family' | 'basis' | 'rank'> & { readonly name: string };

/** Bases that are compared. */
const BASES = DEFAULT_BASES;

const FLOAT = 4;

/**
 * Says what to train on a text under a budget, from one probe of it.
 *
 * @throws UserError those of {@link probe}; `budget-too-small`, `budget-too-large`, `no-signal`.
 */
export async function advise(
  model: Model,
  texts: TextPaths | ReadSequences,
  options: AdviseOptions = {},
): Promise<Advice> {
  const began = performance.now();
  const given = resolveOptions(ADVISE_OPTIONS, options);
  const layers = selectLayers(model.definition.layers, given.layers);
  const budget = chooseBudget(layers, given);
  const seqLen = fitContext(options.seqLen, given.seqLen, model.definition.contextLength);
  const batchSize = Math.max(1, Math.round(given.batchTokens / seqLen));
  // Halves of a step, where that goes: twice as many batches tell more of how sure a figure is.
  const lanes = batchSize % 2 === 0 ? 2 : 1;
  const count = given.calibrationBatches * lanes;
  const { steps, schedule, pack, ridge, seed } = given;
  const run = { steps, batchSize, seqLen, schedule, pack, ridge, seed };
  return inTemporaryFolder(async (folder) => {
    const framesFile = join(folder, 'frames.safetensors');
    const { signal, onReceipt, onMemory, onProgress } = options;
    const probed = await probe(model, texts, {
      ...fieldsOf(given),
      bases: BASES,
      families: ['core'],
      ranks: [largestRank(layers, coreParameters, 2 * budget.parameters)],
      layers: given.layers,
      batches: count,
      calibrationBatches: count,
      batchSize: batchSize / lanes,
      seqLen,
      pack,
      ridge,
      seed,
      memory: given.memory,
      spectrumBatches: 1,
      framesFile,
      ...(signal && { signal }),
      ...(onReceipt && { onReceipt }),
      ...(onMemory && { onMemory }),
      ...(onProgress && { onProgress }),
    });
    if (probed.record.status === 'partial')
      throw new UserError('stopped', {
        what: 'stopped before all was measured that an advice needs',
        fix: 'run the same command again; decompositions that were finished are kept',
      });
    const choice = choose(probed.natural, layers, budget.parameters);
    const { plan, kept, runnersUp, next, natural, verdict, allocation, stability } = choice;
    const chosen = layers.filter(({ name }) => kept.includes(name));
    const found = await rateOf(model, chosen, `${framesFile}#${plan.basis}`, plan.rank, run, probed, lanes);
    const rankOf = ({ name, inFeatures, outFeatures }: LinearLayer) =>
      kept.includes(name) ? Math.min(plan.rank, inFeatures, outFeatures) : 0;
    const { basis, rank, parameters } = plan;
    const { path, sha256, documents, tokens, receipt } = probed.record.data;
    const record: AdviceRecord = {
      schema: 'rankscope.advice',
      version: 1,
      model: probed.record.model,
      data: { path, sha256, documents, tokens, receipt },
      settings: {
        ...run,
        calibrationBatches: count,
        batches: probed.batches.length,
        probeBatchSize: batchSize / lanes,
      },
      budget,
      plan: {
        family: 'core',
        basis,
        rank,
        parameters,
        trainedBytes: FLOAT * parameters,
        loraBytes: chosen.reduce(
          (sum, layer) => sum + FLOAT * rankOf(layer) * (layer.inFeatures + layer.outFeatures),
          0,
        ),
        scale: 1,
        warmup: 0,
        layers: layers.map((layer) => ({ name: layer.name, rank: rankOf(layer) })),
      },
      ...roundNumbers({ natural, runnersUp, next, allocation, stability }, DIGITS),
      rate: found.rate,
      verdict,
      cost: {
        steps: 2 * given.calibrationBatches + (found.rate?.passes ?? 2 * FIRST_STEP_BATCHES),
        seconds: Math.round((performance.now() - began) / 100) / 10,
      },
      notes: [...probed.record.notes, ...choice.notes, ...found.notes],
    };
    return {
      record,
      layers: chosen.map((layer) => ({ name: layer.name, family: 'core', basis, rank: rankOf(layer) })),
    };
  });
}

/** More than any interval here resolves. */
const DIGITS = 5;

/** The learning rate of cores in frames of a file; none, with a note, where the law does not know. */
async function rateOf(
  model: Model,
  layers: readonly LinearLayer[],
  basis: string,
  rank: number,
  {
    steps,
    schedule,
    batchSize,
    seqLen,
    ridge,
    seed,
  }: Omit<AdviceRecord['settings'], 'calibrationBatches' | 'batches' | 'probeBatchSize'>,
  { batches }: ProbeResult,
  lanes: number,
): Promise<{ rate: AutomaticRate | null; notes: readonly string[] }> {
  const engine = createOnnxEngine();
  const rng = createRng(seed);
  try {
    const plans = layers.map((layer) => ({
      layer,
      family: 'core' as const,
      basis,
      rank: Math.min(rank, layer.inFeatures, layer.outFeatures),
      scale: 1,
    }));
    const adapter = await startAdapter({
      model,
      engine,
      plans,
      calibration: [],
      ridge,
      start: 'zero',
      rng,
      onProgress: () => {},
    });
    const program = await loadAdapterGradients(engine, model, adapter.layers, {
      batchSize,
      seqLen,
      dropout: 0,
    });
    const whole = Array.from({ length: FIRST_STEP_BATCHES }, (_, index) =>
      joinBatches(batches.slice(index * lanes, (index + 1) * lanes)),
    );
    const first = await measureFirstStep(trainedArrays(adapter), whole, (batch) => program.run(batch, rng));
    await program.release();
    const { learningRate, notes } = advisedRate(first, { optimizer: 'adamw', schedule, steps });
    const { step, agreement, waiting, passes } = first;
    const rate = {
      learningRate,
      ...roundNumbers({ step: step!, agreement, waiting }, DIGITS),
      passes,
      notes: [...notes],
    };
    return { rate, notes };
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'learning-rate-unknown') throw error;
    return { rate: null, notes: [`The learning rate is not known: ${error.message.split('\n')[0]}.`] };
  } finally {
    await engine.close();
  }
}

function joinBatches(parts: readonly Batch[]): Batch {
  const { seqLen } = parts[0]!;
  const tokens = Int32Array.from(parts.flatMap((part) => [...part.tokens]));
  const lossMask = Uint8Array.from(parts.flatMap((part) => [...part.lossMask]));
  return { tokens, lossMask, sequences: tokens.length / seqLen, seqLen };
}

/** How entries of the texts are read. */
const fieldsOf = ({ textField, promptField, completionField, chatTemplate }: AdviseOptions) => ({
  ...(textField !== undefined && { textField }),
  ...(promptField !== undefined && { promptField }),
  ...(completionField !== undefined && { completionField }),
  ...(chatTemplate !== undefined && { chatTemplate }),
});
