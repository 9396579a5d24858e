/** What moves parameters by their gradients, and the optimizers there are. */
import type { OptimizerName } from '../record/index.ts';
import { adamw } from './adamw.ts';
import type { NamedArrays } from './named-arrays.ts';
import { sgd } from './sgd.ts';

/** What an optimizer keeps from step to step; a checkpoint holds all of it. */
export interface OptimizerState {
  /** Updates made so far. */
  step: number;
  /** Running mean of the gradients; empty for an optimizer that has none. */
  readonly first: NamedArrays;
  /** Running mean of their squares, likewise. */
  readonly second: NamedArrays;
}

export interface Optimizer {
  init(parameters: NamedArrays): OptimizerState;
  /** Changes `parameters` and `state` in place. */
  update(parameters: NamedArrays, gradients: NamedArrays, state: OptimizerState, learningRate: number): void;
}

export interface OptimizerSettings {
  readonly weightDecay: number;
  /** Names of the parameters that decay. */
  readonly decayed: ReadonlySet<string>;
}

const OPTIMIZERS: Readonly<Record<OptimizerName, (settings: OptimizerSettings) => Optimizer>> = {
  adamw,
  sgd,
};

export const createOptimizer = (name: OptimizerName, settings: OptimizerSettings): Optimizer =>
  OPTIMIZERS[name](settings);
