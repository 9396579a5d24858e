/** Learning rate by step. */

export interface ScheduleOptions {
  /** Steps of the whole run. */
  readonly steps: number;
  /** Steps of the linear rise. */
  readonly warmup: number;
  /** Highest rate, reached at step `warmup`. */
  readonly peak: number;
  /** Rate at the end. */
  readonly floor: number;
}

/**
 * Rises linearly from peak / warmup at step 1 to the peak at step `warmup`, then falls along half a cosine to the
 * floor at step `steps`. Steps count from 1.
 */
export function warmupCosine(step: number, { steps, warmup, peak, floor }: ScheduleOptions): number {
  if (step <= warmup) return (peak * step) / warmup;
  const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
  return floor + ((peak - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
}
