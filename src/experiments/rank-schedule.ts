/** Cores of which only a leading block learns. */
import type { LayerAdapter } from '../adapters/index.ts';
import type { NamedArrays, Optimizer } from '../training/index.ts';
import type { TrainTrial } from './trial.ts';

/** An optimizer that moves the leading blocks of cores alone, in the ranks of the trial's schedule. */
export function withRankSchedule(
  inner: Optimizer,
  layers: readonly LayerAdapter[],
  { rank, rankSchedule = [] }: TrainTrial,
): Optimizer {
  return {
    init: inner.init,
    update(parameters, gradients, state, learningRate) {
      const step = state.step + 1;
      const active = rankSchedule.findLast(([first]) => first <= step)?.[1] ?? rank;
      if (active >= rank) {
        inner.update(parameters, gradients, state, learningRate);
        return;
      }
      const before = copyOf(parameters);
      fillBeyond(layers, gradients, active, () => 0);
      inner.update(parameters, gradients, state, learningRate);
      // Running means move a core on after its gradient has ended.
      fillBeyond(layers, parameters, active, (name, at) => before[name]![at]!);
    },
  };
}

const copyOf = (arrays: NamedArrays): NamedArrays =>
  Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, values.slice()]));

/** Sets the entries of cores outside of their leading block. */
function fillBeyond(
  layers: readonly LayerAdapter[],
  cores: NamedArrays,
  active: number,
  entry: (name: string, at: number) => number,
): void {
  for (const { layer, rank } of layers) {
    const name = `${layer.name}/m`;
    const values = cores[name]!;
    for (let at = 0; at < values.length; at++)
      if (at % rank >= active || Math.floor(at / rank) >= active) values[at] = entry(name, at);
  }
}
