/** An advice: one probe, a choice, and the learning rate of what was chosen. */
import { join } from 'node:path';
import { type Adapter, type LayerPlan, needsFrame } from '../adapters/index.ts';
import {
  fitContext,
  type MemoryUse,
  type ProbeOptions,
  type ProbeResult,
  type Progress,
  probe,
  selectLayers,
} from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import { inTemporaryFolder } from '../files/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { type OptionValues, resolveOptions } from '../options/index.ts';
import { ADVISE_OPTIONS, type AdviceRecord, DEFAULT_BASES, roundNumbers } from '../record/index.ts';
import type { ReadSequences, Receipt, TextPaths } from '../text/index.ts';
import { FIRST_STEP_BATCHES } from '../training/index.ts';
import { chooseBudget, FAMILY_PARAMETERS, largestRank } from './budget.ts';
import { choose } from './choose.ts';
import { joinLanes, startAndRate } from './start.ts';

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
  /** As it starts: in frames of the advice's own calibration. */
  readonly adapter: Adapter;
}

export type AdvisedLayer = Pick<LayerPlan, 'family' | 'basis' | 'rank'> & { readonly name: string };

/** Bases that are compared. */
const BASES = DEFAULT_BASES;

const FLOAT = 4;

/**
 * Says what to train on a text under a budget, from one probe of it.
 *
 * @throws UserError those of {@link probe}; `budget-too-small`, `budget-too-large`, `no-signal`.
 *
 * @example
 * ```ts
 * const { record, layers } = await advise(model, 'notes.txt', { steps: 200 });
 * console.log(record.schema, layers);
 * ```
 */
export async function advise(
  model: Model,
  texts: TextPaths | ReadSequences,
  options: AdviseOptions = {},
): Promise<Advice> {
  const began = performance.now();
  const given = resolveOptions(ADVISE_OPTIONS, options);
  const { family } = given;
  const parametersOf = FAMILY_PARAMETERS[family];
  const layers = selectLayers(model.definition.layers, given.layers);
  const budget = chooseBudget(layers, given, family);
  const seqLen = fitContext(options.seqLen, given.seqLen, model.definition.contextLength);
  const batchSize = Math.max(1, Math.round(given.batchTokens / seqLen));
  // Halves of a step, where that goes: twice as many batches tell more of how sure a figure is.
  const lanes = batchSize % 2 === 0 ? 2 : 1;
  const count = given.calibrationBatches * lanes;
  const { steps, schedule, pack, ridge, seed } = given;
  const run = { steps, batchSize, seqLen, schedule, pack, ridge, seed };
  return inTemporaryFolder(async (folder) => {
    const framesFile = join(folder, 'frames.safetensors');
    const probed = await probeCores(model, texts, options, {
      ...fieldsOf(given),
      ranks: [largestRank(layers, parametersOf, 2 * budget.parameters)],
      layers: given.layers,
      batches: count,
      calibrationBatches: count,
      batchSize: batchSize / lanes,
      seqLen,
      pack,
      ridge,
      seed,
      memory: given.memory,
      framesFile,
    });
    const choice = choose(probed.natural, layers, budget.parameters, family);
    const { plan, kept, runnersUp, next, natural, verdict, allocation, stability } = choice;
    const chosen = layers.filter(({ name }) => kept.includes(name));
    const rankOf = ({ name, inFeatures, outFeatures }: LinearLayer) =>
      kept.includes(name) ? Math.min(plan.rank, inFeatures, outFeatures) : 0;
    const { basis, rank, parameters } = plan;
    const source = needsFrame(family, basis) ? `${framesFile}#${basis}` : basis;
    const plans = chosen.map((layer) => ({ layer, family, basis: source, rank: rankOf(layer), scale: 1 }));
    const found = await startAndRate(model, plans, run, joinLanes(probed.batches, lanes));
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
        family,
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
      layers: chosen.map((layer) => ({ name: layer.name, family, basis, rank: rankOf(layer) })),
      adapter: found.adapter,
    };
  });
}

/** Cores in the bases that are compared, at every rank. */
async function probeCores(
  model: Model,
  texts: TextPaths | ReadSequences,
  { signal, onReceipt, onMemory, onProgress }: AdviseOptions,
  asked: ProbeOptions,
): Promise<ProbeResult> {
  const probed = await probe(model, texts, {
    ...asked,
    bases: BASES,
    families: ['core'],
    spectrumBatches: 1,
    ...(signal && { signal }),
    ...(onReceipt && { onReceipt }),
    ...(onMemory && { onMemory }),
    ...(onProgress && { onProgress }),
  });
  if (probed.record.status === 'complete') return probed;
  throw new UserError('stopped', {
    what: 'stopped before all was measured that an advice needs',
    fix: 'run the same command again; decompositions that were finished are kept',
  });
}

/** More than any interval here resolves. */
const DIGITS = 5;

/** How entries of the texts are read. */
const fieldsOf = ({ textField, promptField, completionField, chatTemplate }: AdviseOptions) => ({
  ...(textField !== undefined && { textField }),
  ...(promptField !== undefined && { promptField }),
  ...(completionField !== undefined && { completionField }),
  ...(chatTemplate !== undefined && { chatTemplate }),
});
