/** Stochastic gradient descent without momentum, step for step as torch.optim.SGD. */
import type { Optimizer } from './optimizer.ts';

/** θ ← θ − η (g + λ θ), for every parameter. */
export function sgd({ weightDecay = 0 }: { readonly weightDecay?: number } = {}): Optimizer {
  return {
    init: () => ({ step: 0, first: {}, second: {} }),
    update(parameters, gradients, state, learningRate) {
      state.step++;
      for (const [name, values] of Object.entries(parameters)) {
        const g = gradients[name]!;
        for (let i = 0; i < values.length; i++) {
          values[i] = values[i]! - learningRate * (g[i]! + weightDecay * values[i]!);
        }
      }
    },
  };
}
