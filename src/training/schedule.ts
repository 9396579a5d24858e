/** Learning rate by step, as transformers' schedules have it under torch's LambdaLR. */
import type { Schedule } from '../record/index.ts';

export interface ScheduleSettings {
  readonly schedule: Schedule;
  /** Highest rate, which the step after the warm-up has. */
  readonly learningRate: number;
  /** Rate that the fall tends to; default 0. */
  readonly finalLearningRate?: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps of the linear rise, the first of which has rate 0. */
  readonly warmup: number;
}

const SHAPES: Readonly<Record<Schedule, (progress: number) => number>> = {
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  linear: (progress) => 1 - progress,
  constant: () => 1,
};

/**
 * The rate of a step; steps count from 1. It rises from 0 to the highest rate, which step `warmup` + 1 has, and falls
 * towards the final one, which it would reach one step after the last.
 */
export function learningRateAt(step: number, settings: ScheduleSettings): number {
  const { schedule, learningRate, finalLearningRate = 0, steps, warmup } = settings;
  const done = step - 1;
  if (done < warmup) return (learningRate * done) / warmup;
  const share = SHAPES[schedule]((done - warmup) / Math.max(1, steps - warmup));
  return learningRate * share + finalLearningRate * (1 - share);
}
