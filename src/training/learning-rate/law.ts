/** From what the first step would meet to a learning rate. */
import { UserError } from '../../errors/index.ts';
import type { OptimizerName, Schedule } from '../../record/index.ts';
import { LAW } from './constants.ts';
import type { FirstStep } from './first-step.ts';

/** What a fit chose; see `constants.ts`. */
export interface LawConstants {
  readonly factor: number;
  readonly exponent: number;
  /** In units of the start of the arrays that wait. */
  readonly waiting: number;
  /** By how much the rate falls with the number of steps, beyond {@link FLAT}. */
  readonly horizon: number;
  /** Best peak of a cosine over the best constant rate. */
  readonly cosine: number;
}

/** Steps up to which the best constant rate of the bundled model is the same, and the most that it was tuned at. */
const FLAT = 40;
const LONGEST = 400;
/** The fewest. */
const SHORTEST = 5;

/** Least share of a step that other batches agree on; noise has none. */
const LEAST_AGREEMENT = 0.05;

export interface RateSettings {
  readonly optimizer: OptimizerName;
  readonly schedule: Schedule;
  readonly steps: number;
}

export interface AdvisedRate {
  readonly learningRate: number;
  /** What the law was not fitted to, in whole sentences. */
  readonly notes: readonly string[];
}

/**
 * The learning rate of AdamW for a run:
 *
 *     lr = factor · η^exponent,   1/lr += 1/(waiting · a)   where arrays of scale a wait for others to move,
 *     lr ·= (steps/40)^−horizon beyond 40 steps,   lr ·= cosine for a cosine or linear fall.
 *
 * η and a are those of {@link FirstStep}. LoRA's A is what waits: it grows from nothing but its start, and a rate that
 * moves it by its own size within a few steps makes the product ΔW = s·AB grow with the square of the steps.
 *
 * @throws UserError `learning-rate-unknown` for what the law does not know.
 */
export function advisedRate(
  { step, agreement, waiting }: FirstStep,
  { optimizer, schedule, steps }: RateSettings,
  law: LawConstants = LAW,
): AdvisedRate {
  refuseOtherOptimizers(optimizer);
  if (agreement < LEAST_AGREEMENT)
    throw unknown(
      'other batches of the text do not agree on the direction of the first step: what a gradient says here is noise',
      `they share ${(100 * agreement).toFixed(1)} % of it`,
    );
  if (step === null)
    throw unknown(
      'the loss is not convex along the first step: the model is near a random start, or not at rest',
      'no positive curvature in most layers',
    );
  const alone = law.factor * step ** law.exponent;
  const together = waiting === null ? alone : 1 / (1 / alone + 1 / (law.waiting * waiting));
  const horizon = (Math.max(FLAT, steps) / FLAT) ** -law.horizon;
  const learningRate = together * horizon * (schedule === 'constant' ? 1 : law.cosine);
  const notes: string[] = [];
  if (steps > LONGEST || steps < SHORTEST)
    notes.push(
      `The law of the learning rate was fitted to ${SHORTEST} to ${LONGEST} steps: for ${steps} it is drawn on.`,
    );
  if (schedule === 'linear') notes.push('The law of the learning rate takes a linear fall for a cosine.');
  return { learningRate: Number(learningRate.toPrecision(3)), notes };
}

/** @throws UserError `learning-rate-unknown` unless the law was fitted to it. */
export function refuseOtherOptimizers(optimizer: OptimizerName): void {
  if (optimizer !== 'adamw')
    throw unknown('the law of the learning rate was fitted to AdamW', `the optimizer ${optimizer}`);
}

const unknown = (what: string, got: string): UserError =>
  new UserError('learning-rate-unknown', (option) => ({
    what: `${option('learningRate')} auto cannot say: ${what}`,
    got,
    expected: 'AdamW, a pretrained model, and a text that it can learn from',
    fix: `give ${option('learningRate')} a number, and try half and twice of it as well`,
  }));
