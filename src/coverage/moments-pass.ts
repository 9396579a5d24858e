/** The graph of a calibration pass: it adds whole gradients and second moments of layers to sums in the engine. */
import { addMatmul, type Graph, mul, slice, sqrt, transpose, type Value } from '../graph/index.ts';
import type { LinearLayer, Model } from '../models/index.ts';
import { buildPass } from './pass.ts';
import { panelRanges } from './upper-panels.ts';

/** Which moments are wanted. */
export interface MomentsWanted {
  /** G = Σ x δᵀ / N. */
  readonly gradient: boolean;
  /** A = Σ x xᵀ / N and B = Σ δ δᵀ / N, with δ the output gradient of the summed loss. */
  readonly second: boolean;
}

/** Name of the sum of one panel of a second moment. */
export const panelName = (moment: string, panel: number): string => `${moment}|${panel}`;

/** Name of the input that a sum is fed to. */
export const beforeName = (sum: string): string => `${sum}|before`;

/**
 * The graph of a pass that adds to the moments of a group of layers: for each sum an input of what it was before and
 * an output of what it is after. Second moments are summed by panels of their upper half. `owners` says under whose
 * name the input moment of a layer stands: projections with one input share it.
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
  // G and δ are of the pass's mean loss; the sums run over targets. With 1/√N on each side all of them are right, and
  // products of rows are faster than those of columns.
  const root = sqrt(graph.input('perTarget', 'float32', [1]));
  const outputScale = mul(root, graph.input('targetCount', 'float32', [1]));
  const sum = (name: string, rows: Value, other: Value, transposeB = false) => {
    const columns = other.shape[transposeB ? 0 : 1]!;
    const before = graph.input(beforeName(name), 'float32', [rows.shape[0]!, columns]);
    graph.output(name, addMatmul(before, rows, other, { transposeB }));
  };
  const symmetric = (name: string, rows: Value) => {
    const [size] = rows.shape as [number, number];
    for (const [index, { start, end }] of panelRanges(size).entries()) {
      const part = (to: number) => (to - start === size ? rows : slice(rows, 0, start, to));
      sum(panelName(name, index), part(end), part(size), true);
    }
  };
  const owners = new Map<string, string>();
  const inputs = new Map<Value, { owner: string; rows: Value }>();
  for (const { name, x, dy } of layers) {
    const known = inputs.get(x);
    const { owner, rows } = known ?? { owner: name, rows: transpose(mul(x, root), [1, 0]) };
    inputs.set(x, { owner, rows });
    owners.set(name, owner);
    const delta = mul(dy, outputScale);
    if (wanted.gradient) sum(`${name}|gradient`, rows, delta);
    if (!wanted.second) continue;
    symmetric(`${name}|outputs`, transpose(delta, [1, 0]));
    if (known === undefined) symmetric(`${name}|inputs`, rows);
  }
  return { graph, owners, segments };
}
