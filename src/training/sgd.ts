/** Stochastic gradient descent without momentum, step for step as torch.optim.SGD. */
import type { AdamWState } from './adamw.ts';
import type { NamedArrays } from './named-arrays.ts';

/**
 * θ ← θ − η (g + λ θ)
 *
 * Its state counts steps and has no moments; it takes the form of AdamW's, so that a run can have either.
 */
export function sgd({ weightDecay = 0 }: { readonly weightDecay?: number } = {}) {
  return {
    init: (_parameters: NamedArrays): AdamWState => ({ step: 0, first: {}, second: {} }),
    /** Changes `parameters` and `state` in place. */
    update(parameters: NamedArrays, gradients: NamedArrays, state: AdamWState, learningRate: number): void {
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
