/** The frames that an adapter is made from: of a basis, or out of a file. */
import { existsSync } from 'node:fs';
import { type Frame, makeFrames, planFrames } from '../coverage/index.ts';
import { UserError } from '../errors/index.ts';
import type { Batch, Model } from '../models/index.ts';
import { matrix, orthonormalize, type Rng } from '../numeric/index.ts';
import { BASES } from '../record/index.ts';
import type { Engine } from '../runtime/index.ts';
import { type LayerPlan, needsFrame } from './adapters/start.ts';
import { readTensors } from './read-tensors.ts';
import { namedBasis } from './train-options.ts';

export interface TrainFrameInputs {
  readonly model: Model;
  readonly engine: Engine;
  readonly plans: readonly LayerPlan[];
  readonly calibration: readonly Batch[];
  readonly ridge: number;
  readonly rng: Rng;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Layer name → frame, for the layers whose adapters need one. Those of a file are made orthonormal, which leaves
 * the span of every number of leading columns.
 *
 * @throws UserError `basis-unknown`, `frames-missing`, `frames-ambiguous`.
 */
export async function trainFrames(inputs: TrainFrameInputs): Promise<Map<string, Frame>> {
  const { model, engine, calibration, ridge, rng, onProgress } = inputs;
  const plans = inputs.plans.filter(({ family, basis }) => needsFrame(family, basis));
  for (const { basis } of plans) checkBasis(basis);
  const frames = new Map<string, Frame>();
  for (const basis of new Set(plans.map((plan) => plan.basis))) {
    const group = plans.filter((plan) => plan.basis === basis);
    const named = namedBasis(basis);
    if (named === null) {
      for (const [layer, { u, v }] of readFrames(basis, group))
        frames.set(layer, { u: await orthonormalize(u), v: await orthonormalize(v) });
      continue;
    }
    const [set] = await makeFrames({
      model,
      engine,
      layers: group.map(({ layer }) => layer),
      plans: planFrames([named], 1),
      rank: Math.max(...group.map(({ rank }) => rank)),
      ridge,
      calibration,
      rng,
      onProgress,
    });
    for (const [layer, frame] of set!.frames) frames.set(layer, frame);
  }
  return frames;
}

function checkBasis(basis: string): void {
  if (namedBasis(basis) !== null || existsSync(splitLabel(basis).path)) return;
  throw new UserError('basis-unknown', {
    what: 'there is neither a basis nor a file of that name',
    got: basis,
    expected: `one of ${BASES.join(', ')}, or a frames file as probe --save-frames writes it`,
    fix: 'correct --basis',
  });
}

/** `FILE#LABEL`: a file may hold several frame sets. */
function splitLabel(basis: string): { path: string; label: string | null } {
  const mark = basis.lastIndexOf('#');
  return mark < 0
    ? { path: basis, label: null }
    : { path: basis.slice(0, mark), label: basis.slice(mark + 1) };
}

function readFrames(basis: string, plans: readonly LayerPlan[]): [string, Frame][] {
  const { path, label: asked } = splitLabel(basis);
  const { tensors } = readTensors(path);
  const labels = [...new Set([...tensors.keys()].map((name) => name.split('/')[0]!))];
  const label = asked ?? labels[0]!;
  if (asked === null && labels.length > 1) {
    throw new UserError('frames-ambiguous', {
      what: `${path} holds several sets of frames`,
      got: labels.join(', '),
      expected: 'the name of one behind a #',
      fix: `for example --basis ${path}#${label}`,
    });
  }
  return plans.map(({ layer: { name, inFeatures, outFeatures } }) => {
    const side = (part: 'u' | 'v', rows: number) => {
      const tensor = tensors.get(`${label}/${name}/${part}`);
      if (tensor?.shape.length === 2 && tensor.shape[0] === rows)
        return matrix(rows, tensor.shape[1]!, Float64Array.from(tensor.data as Float32Array));
      throw new UserError('frames-missing', {
        what: `${path} has no fitting frame ${label}/${name}/${part}`,
        got: tensor === undefined ? `sets ${labels.join(', ')}` : `[${tensor.shape}]`,
        expected: `[${rows}, K]`,
        fix: 'make the frames with a probe of this model, or choose fewer layers with --layers',
      });
    };
    return [name, { u: side('u', inFeatures), v: side('v', outFeatures) }];
  });
}
