/** What a probe will do: options with their defaults, checked against the model. */
import { UserError } from '../errors/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { outOfRange, resolveOptions } from '../options/index.ts';
import { isDrawn, PROBE_OPTIONS, type ProbeRecord } from '../record/index.ts';
import { isDataDriven } from './bases.ts';
import { type FramePlan, planFrames } from './make-frames.ts';
import { type ProbeOptions, selectRanks } from './options.ts';
import { layersOfFewBlocks, lessOf, quickRanks, tellQuick } from './quick.ts';
import { selectLayers } from './select-layers.ts';

export type ProbeSettings = ProbeRecord['settings'];

export interface ResolvedProbe {
  readonly settings: ProbeSettings;
  readonly layers: readonly LinearLayer[];
  /** One entry per frame set: a basis, a draw of the random one, or a set of a file. */
  readonly plans: readonly FramePlan[];
  /** What a reader should know of the choices that were made for them. */
  readonly notes: readonly string[];
}

/** @throws UserError when an option is out of range or does not fit the model. */
export function resolveProbe(model: Model, options: ProbeOptions): ResolvedProbe {
  const { contextLength } = model.definition;
  const given = resolveOptions(PROBE_OPTIONS, options.quick ? lessOf(options) : options);
  if (given.device === 'webgpu' && model.compute !== 'float32') {
    throw new UserError('options-conflict', (option) => ({
      what: `${option('device')} webgpu computes in float32.`,
      got: `${option('compute')} ${model.compute}`,
      fix: 'leave out one of the two',
    }));
  }
  const selected = selectLayers(model.definition.layers, given.layers);
  const layers = given.quick ? layersOfFewBlocks(selected) : selected;
  const plans = planFrames([...new Set(given.bases)], given.randomFrames, layers);
  const bases = [...new Set(plans.map(({ basis }) => basis))];
  const asked = given.batches;
  const settings: ProbeSettings = {
    bases,
    framesFiles: plans.flatMap(({ basis, file }) =>
      file ? [{ name: basis, path: file.path, label: file.label }] : [],
    ),
    families: [...new Set(given.families)],
    ranks: given.quick ? quickRanks(given.ranks, layers) : selectRanks(given.ranks, layers),
    layers: given.layers,
    // Batches are measured in pairs; a single one has no other to be told from.
    batches: asked === 1 ? 1 : 2 * Math.ceil(asked / 2),
    batchSize: given.batchSize,
    seqLen: fitContext(options.seqLen, given.seqLen, contextLength),
    pack: given.pack,
    calibrationBatches: plans.some(({ rule }) => isDataDriven(rule)) ? given.calibrationBatches : 0,
    spectrumBatches: Math.min(given.spectrumBatches, asked),
    randomFrames: plans.filter(({ basis }) => isDrawn(basis)).length,
    natural: given.natural && asked > 1,
    ridge: given.ridge,
    ciWidth: given.ciWidth,
    compute: model.compute,
    ...(model.int8Kernel !== undefined && { int8Kernel: model.int8Kernel }),
    device: given.device,
    quick: given.quick,
    seed: given.seed,
  };
  return {
    settings,
    layers,
    plans,
    notes: [
      ...(given.quick ? [tellQuick(options, settings, selected, layers)] : []),
      ...notesOn(settings, layers, asked),
      ...notesOnFiles(settings, layers, plans),
    ],
  };
}

/**
 * Tokens of a sequence: those asked for, or the default as far as the context goes.
 *
 * @throws UserError `option-out-of-range`
 */
export function fitContext(asked: number | undefined, fallback: number, contextLength: number): number {
  const seqLen = asked ?? Math.min(fallback, contextLength);
  if (seqLen <= contextLength) return seqLen;
  throw outOfRange(
    'seqLen',
    seqLen,
    `a whole number from 2, at most ${contextLength}: the model has a context of ${contextLength}`,
  );
}

function notesOn(settings: ProbeSettings, layers: readonly LinearLayer[], asked: number): string[] {
  const notes: string[] = [];
  const largest = settings.ranks.at(-1)!;
  const smaller = layers.filter(({ inFeatures, outFeatures }) => Math.min(inFeatures, outFeatures) < largest);
  if (smaller.length > 0) {
    notes.push(
      `${smaller.length} of ${layers.length} layers are narrower than rank ${largest}: in the global figures they count with their full rank.`,
    );
  }
  if (settings.batches > asked)
    notes.push(`Batches are measured in pairs: ${settings.batches} instead of ${asked}.`);
  if (asked === 1)
    notes.push('One batch cannot tell signal from noise: no signal coverage, no natural coverage.');
  return notes;
}

/**
 * Whence the frames of files are, and which ranks are beyond their columns.
 *
 * @throws UserError `rank-too-large` when not even the smallest rank is within a file's widest frame.
 */
function notesOnFiles(
  { ranks }: ProbeSettings,
  layers: readonly LinearLayer[],
  plans: readonly FramePlan[],
): string[] {
  return plans.flatMap(({ basis, file }) => {
    if (file === undefined) return [];
    const columns = Math.max(...layers.map((layer) => file.columns(layer)));
    if (columns < ranks[0]!) {
      throw new UserError('rank-too-large', (option) => ({
        what: `no rank is within the frames of ${file.path}`,
        got: ranks.join(', '),
        expected: `at most ${columns}, the columns of its widest frame`,
        fix: `lower ${option('ranks')}`,
      }));
    }
    const whence = `${basis}: the frames "${file.label}" of ${file.path}.`;
    if (columns >= ranks.at(-1)!) return [whence];
    return [`${whence} They have ${columns} columns; larger ranks are left out.`];
  });
}
