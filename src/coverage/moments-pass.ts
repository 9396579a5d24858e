/** The graph of a calibration pass: it adds whole gradients and second moments of layers to sums in the engine. */
import { addMatmul, type Graph, mul, type Value } from '../graph/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { buildPass } from './pass.ts';

/** Which moments are wanted. */
export interface MomentsWanted {
  /** G = Σ x δᵀ / N. */
  readonly gradient: boolean;
  /** A = Σ x xᵀ / N and B = Σ δ δᵀ / N, with δ the output gradient of the summed loss. */
  readonly second: boolean;
}

/** Name of the input that a sum is fed to. */
export const beforeName = (sum: string): string => `${sum}|before`;

/**
 * The graph of a pass that adds to the moments of a group of layers: for each sum an input of what it was before and
 * an output of what it is after. `owners` says under whose name the input moment of a layer stands: projections with
 * one input share it.
 */
export function buildMomentsPass(
  model: Model,
  group: readonly LinearLayer[],
  wanted: MomentsWanted,
  sequences: number,
  seqLen: number,
  recomputed = 0,
): { graph: Graph; owners: Map<string, string>; segments: number } {
  const { graph, layers, segments } = buildPass(model, group, { lanes: 1, sequences, seqLen, recomputed });
  // G and δ are of the pass's mean loss; the sums run over targets.
  const perTarget = graph.input('perTarget', 'float32', [1]);
  const targets = graph.input('targetCount', 'float32', [1]);
  const sum = (name: string, a: Value, b: Value) => {
    const before = graph.input(beforeName(name), 'float32', [a.shape[1]!, b.shape[1]!]);
    graph.output(name, addMatmul(before, a, b, { transposeA: true }));
  };
  const owners = new Map<string, string>();
  const inputs = new Map<Value, { owner: string; weighted: Value }>();
  for (const { name, x, dy } of layers) {
    const delta = mul(dy, targets);
    const known = inputs.get(x);
    const { owner, weighted } = known ?? { owner: name, weighted: mul(x, perTarget) };
    inputs.set(x, { owner, weighted });
    owners.set(name, owner);
    if (wanted.gradient) sum(`${name}|gradient`, weighted, delta);
    if (!wanted.second) continue;
    sum(`${name}|outputs`, delta, mul(delta, perTarget));
    if (known === undefined) sum(`${name}|inputs`, x, weighted);
  }
  return { graph, owners, segments };
}
