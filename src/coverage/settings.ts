/** What a probe will do: options with their defaults, checked against the model. */
import { UserError } from '../errors/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { isDrawn, type ProbeRecord } from '../record/index.ts';
import { isDataDriven } from './bases.ts';
import { type FramePlan, planFrames } from './make-frames.ts';
import { DEFAULT_BASES, DEFAULT_FAMILIES, type ProbeOptions, selectLayers, selectRanks } from './options.ts';

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
  const glob = options.layers ?? '*';
  const layers = selectLayers(model.definition.layers, glob);
  const plans = planFrames([...new Set(options.bases ?? DEFAULT_BASES)], options.randomFrames ?? 1, layers);
  const bases = [...new Set(plans.map(({ basis }) => basis))];
  const asked = options.batches ?? 16;
  const seqLen = options.seqLen ?? Math.min(256, contextLength);
  const settings: ProbeSettings = {
    bases,
    framesFiles: plans.flatMap(({ basis, file }) =>
      file ? [{ name: basis, path: file.path, label: file.label }] : [],
    ),
    families: [...new Set(options.families ?? DEFAULT_FAMILIES)],
    ranks: selectRanks(options.ranks, layers),
    layers: glob,
    // Batches are measured in pairs; a single one has no other to be told from.
    batches: asked === 1 ? 1 : 2 * Math.ceil(asked / 2),
    batchSize: options.batchSize ?? 1,
    seqLen,
    pack: options.pack ?? true,
    calibrationBatches: plans.some(({ rule }) => isDataDriven(rule)) ? (options.calibrationBatches ?? 16) : 0,
    spectrumBatches: Math.min(options.spectrumBatches ?? 2, asked),
    randomFrames: plans.filter(({ basis }) => isDrawn(basis)).length,
    natural: (options.natural ?? true) && asked > 1,
    ridge: options.ridge ?? 0.3,
    ciWidth: options.ciWidth ?? null,
    compute: model.compute,
    ...(model.int8Kernel !== undefined && { int8Kernel: model.int8Kernel }),
    seed: options.seed ?? 0,
  };
  const atLeastOne = [
    'batches',
    'batchSize',
    'calibrationBatches',
    'spectrumBatches',
    'randomFrames',
  ] as const;
  for (const name of atLeastOne) {
    const given = options[name];
    if (given !== undefined && !(Number.isInteger(given) && given >= 1))
      throw outOfRange(name, given, 'a whole number from 1');
  }
  if (!(settings.ridge > 0)) throw outOfRange('ridge', settings.ridge, 'a number above 0');
  if (settings.ciWidth !== null && !(settings.ciWidth > 0))
    throw outOfRange('ciWidth', settings.ciWidth, 'a number above 0');
  if (!(Number.isInteger(seqLen) && seqLen >= 2 && seqLen <= contextLength)) {
    throw outOfRange('seqLen', seqLen, `a whole number from 2 to the model's context of ${contextLength}`);
  }
  return {
    settings,
    layers,
    plans,
    notes: [...notesOn(settings, layers, asked), ...notesOnFiles(settings, layers, plans)],
  };
}

function outOfRange(option: string, got: number, expected: string): UserError {
  const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return new UserError('option-out-of-range', {
    what: `--${flag} is out of range`,
    got: String(got),
    expected,
    fix: 'change the option',
  });
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
      throw new UserError('rank-too-large', {
        what: `no rank is within the frames of ${file.path}`,
        got: ranks.join(', '),
        expected: `at most ${columns}, the columns of its widest frame`,
        fix: 'lower --ranks',
      });
    }
    const whence = `${basis}: the frames "${file.label}" of ${file.path}.`;
    if (columns >= ranks.at(-1)!) return [whence];
    return [`${whence} They have ${columns} columns; larger ranks are left out.`];
  });
}
