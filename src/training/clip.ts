/** Gradient clipping by the norm of all gradients together. */
import type { NamedArrays } from './named-arrays.ts';

/**
 * Scales gradients in place by min(1, limit / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ does.
 *
 * @returns the norm before clipping; not finite when a gradient is not.
 */
export function clipByGlobalNorm(gradients: NamedArrays, limit: number): number {
  let sum = 0;
  for (const values of Object.values(gradients)) {
    for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  }
  const norm = Math.sqrt(sum);
  const factor = limit / (norm + 1e-6);
  if (factor >= 1) return norm;
  for (const values of Object.values(gradients)) {
    for (let i = 0; i < values.length; i++) values[i] = values[i]! * factor;
  }
  return norm;
}
