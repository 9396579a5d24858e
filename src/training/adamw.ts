/** Adam with decoupled weight decay (Loshchilov & Hutter 2019), step for step as torch.optim.AdamW. */
import { zerosLike } from './named-arrays.ts';
import type { Optimizer } from './optimizer.ts';

export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Share of the learning rate by which decayed parameters shrink at each step. */
  readonly weightDecay?: number;
  /** Names of the parameters that decay: the matrices, by custom. */
  readonly decayed?: ReadonlySet<string>;
}

/**
 * θ ← θ (1 − η λ), m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
 * θ ← θ − η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decayed = new Set() } = options;
  return {
    init: (parameters) => ({
      step: 0,
      first: zerosLike(parameters),
      second: zerosLike(parameters),
    }),
    update(parameters, gradients, state, learningRate) {
      state.step++;
      const stepSize = learningRate / (1 - beta1 ** state.step);
      const correction = Math.sqrt(1 - beta2 ** state.step);
      for (const [name, values] of Object.entries(parameters)) {
        const g = gradients[name]!;
        const m = state.first[name]!;
        const v = state.second[name]!;
        const shrink = decayed.has(name) ? 1 - learningRate * weightDecay : 1;
        for (let i = 0; i < values.length; i++) {
          const gradient = g[i]!;
          const mean = m[i]! + (1 - beta1) * (gradient - m[i]!);
          const square = beta2 * v[i]! + (1 - beta2) * gradient * gradient;
          m[i] = mean;
          v[i] = square;
          values[i] = values[i]! * shrink - (stepSize * mean) / (Math.sqrt(square) / correction + epsilon);
        }
      }
    },
  };
}
