/** Gradient clipping by the norm of all gradients together. */
import type { NamedArrays } from './named-arrays.ts';

/** The norm of all gradients together; not finite when one of them is not. */
export function globalNorm(gradients: NamedArrays): number {
  let sum = 0;
  for (const values of Object.values(gradients)) {
    for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  }
  return Math.sqrt(sum);
}

/** Scales gradients of this norm in place by min(1, limit / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ does. */
export function clipGradients(gradients: NamedArrays, norm: number, limit: number | null): void {
  const factor = (limit ?? Number.POSITIVE_INFINITY) / (norm + 1e-6);
  if (factor >= 1) return;
  for (const values of Object.values(gradients)) {
    for (let i = 0; i < values.length; i++) values[i] = values[i]! * factor;
  }
}

/** {@link clipGradients} by their own norm. Returns the norm before. */
export function clipByGlobalNorm(gradients: NamedArrays, limit: number): number {
  const norm = globalNorm(gradients);
  clipGradients(gradients, norm, limit);
  return norm;
}
