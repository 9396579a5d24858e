/** Learning rate of a training run by step. */
import type { Schedule } from '../record/index.ts';

interface ScheduleSettings {
  readonly schedule: Schedule;
  /** Highest rate. */
  readonly learningRate: number;
  readonly steps: number;
  readonly warmup: number;
}

const SHAPES: Readonly<Record<Schedule, (progress: number) => number>> = {
  cosine: (progress) => (1 + Math.cos(Math.PI * progress)) / 2,
  linear: (progress) => 1 - progress,
  constant: () => 1,
};

/**
 * The rate of a step; steps count from 1. It rises linearly to the highest rate at step `warmup`, stays there for
 * one step more, and falls towards zero, which it would reach one step after the last.
 */
export function learningRateAt(step: number, settings: ScheduleSettings): number {
  const { schedule, learningRate, steps, warmup } = settings;
  if (step <= warmup) return (learningRate * step) / warmup;
  return learningRate * SHAPES[schedule]((step - 1 - warmup) / Math.max(1, steps - warmup));
}
