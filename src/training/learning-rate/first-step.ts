/**
 * What an adapter's first step would meet, from a few passes before it: the law of the learning rate reads this.
 *
 * Adam's first step moves every trained entry by the learning rate against its gradient's sign. With s the signs of the
 * mean gradient and H the Hessian of the loss, the part of such a step that lies in layer l is best as long as
 *
 *     η_l = ⟨s_l, g_l⟩ / ⟨s_l, (H s)_l⟩,
 *
 * g from other batches than s, so that noise counts for nothing, and H s over all layers together, which move at once,
 * from gradients on either side. The median over layers keeps a few layers with massive activations from deciding.
 */
import { invariant } from '../../errors/index.ts';
import { quantile } from '../../numeric/index.ts';
import type { Batch } from '../../text/index.ts';
import type { LossAndGradients } from '../loss-gradients.ts';
import type { NamedArrays } from '../named-arrays.ts';

export interface FirstStep {
  /** Numbers that are trained. */
  readonly parameters: number;
  /** Median over layers of η_l; null where the loss is not convex along the step in most of them. */
  readonly step: number | null;
  /** Share of Σ|g| that other batches agree on: ⟨s, g⟩ held out over in sample. Noise has none. */
  readonly agreement: number;
  /** Root mean square of the trained arrays that move only once others have: of LoRA's A. Null where there are none. */
  readonly waiting: number | null;
  /** Passes, each of which costs what a training step does. */
  readonly passes: number;
}

/** Batches that {@link measureFirstStep} takes: an even number, in halves. */
export const FIRST_STEP_BATCHES = 4;

/** Batches on which gradients are taken on either side. */
const CURVED = 2;

/** Fall of the loss, nats, that the step to either side would make if the loss were straight. */
const REACH = 0.05;

type Arrays = Readonly<Record<string, Float64Array>>;

/**
 * @param trained at their start; moved and put back.
 * @param gradient the loss's, on a batch, at `trained` as it stands.
 */
export async function measureFirstStep(
  trained: NamedArrays,
  batches: readonly Batch[],
  gradient: (batch: Batch) => Promise<LossAndGradients>,
): Promise<FirstStep> {
  invariant(batches.length === FIRST_STEP_BATCHES, 'as many batches as are counted on');
  const halves = [zeros(trained), zeros(trained)] as const;
  for (const [index, batch] of batches.entries()) {
    const { gradients } = await gradient(batch);
    addTo(halves[index % 2]!, gradients, 2 / batches.length);
  }
  const moving = Object.keys(trained).filter((name) => halves.some((half) => half[name]!.some(isMoving)));
  const signs = Object.fromEntries(
    moving.map((name) => [name, halves[0][name]!.map((value, i) => Math.sign(value + halves[1][name]![i]!))]),
  );
  const own = total(moving.map((name) => absolute(halves[0][name]!, halves[1][name]!)));
  const heldOut = new Map<string, number>();
  for (const name of moving) {
    const [a, b] = [halves[0][name]!, halves[1][name]!];
    add(heldOut, layerOf(name), (signedSum(a, b) + signedSum(b, a)) / 2);
  }
  const curvature = await curvatures(trained, signs, REACH / own, batches.slice(0, CURVED), gradient);
  // Reciprocals of η_l, which pass through zero where η_l passes through infinity.
  const bends = [...heldOut].map(([layer, slope]) => curvature.get(layer)! / slope);
  const bend = bends.length === 0 ? 0 : quantile(bends, 0.5);
  const waiting = Object.entries(trained)
    .filter(([name, values]) => !moving.includes(name) && values.some(isMoving))
    .map(([, values]) => rootMeanSquare(values));
  return {
    parameters: total(Object.values(trained).map(({ length }) => length)),
    step: bend > 0 ? 1 / bend : null,
    agreement: own > 0 ? total([...heldOut.values()]) / own : 0,
    waiting: waiting.length === 0 ? null : quantile(waiting, 0.5),
    passes: batches.length + 2 * CURVED,
  };
}

/** ⟨s_l, (H s)_l⟩ by layer. */
async function curvatures(
  trained: NamedArrays,
  signs: Arrays,
  reach: number,
  batches: readonly Batch[],
  gradient: (batch: Batch) => Promise<LossAndGradients>,
): Promise<Map<string, number>> {
  const result = new Map<string, number>();
  const start = Object.fromEntries(Object.keys(signs).map((name) => [name, trained[name]!.slice()]));
  try {
    for (const side of [1, -1]) {
      for (const [name, sign] of Object.entries(signs))
        trained[name]!.forEach((_, i, values) => {
          values[i] = start[name]![i]! + side * reach * sign[i]!;
        });
      for (const batch of batches) {
        const { gradients } = await gradient(batch);
        for (const [name, sign] of Object.entries(signs)) {
          const along = total(sign.map((value, i) => value * gradients[name]![i]!));
          add(result, layerOf(name), (side * along) / (2 * reach * batches.length));
        }
      }
    }
  } finally {
    for (const [name, values] of Object.entries(start)) trained[name]!.set(values);
  }
  return result;
}

const layerOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));

const isMoving = (value: number): boolean => value !== 0;

const zeros = (arrays: NamedArrays): Record<string, Float64Array> =>
  Object.fromEntries(Object.entries(arrays).map(([name, { length }]) => [name, new Float64Array(length)]));

function addTo(sums: Arrays, values: NamedArrays, factor: number): void {
  for (const [name, sum] of Object.entries(sums))
    values[name]!.forEach((value, i) => {
      sum[i]! += factor * value;
    });
}

const add = (sums: Map<string, number>, key: string, value: number) =>
  sums.set(key, (sums.get(key) ?? 0) + value);

const total = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
};

/** Σ |a + b| / 2 */
const absolute = (a: Float64Array, b: Float64Array): number =>
  total(a.map((value, i) => Math.abs(value + b[i]!) / 2));

/** Σ sign(a) b */
const signedSum = (a: Float64Array, b: Float64Array): number =>
  total(a.map((value, i) => Math.sign(value) * b[i]!));

const rootMeanSquare = (values: Float32Array): number =>
  Math.sqrt(total(Float64Array.from(values, (value) => value * value)) / values.length);
