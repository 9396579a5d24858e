/** Parts of a forward pass that a backward pass can make again instead of keeping what is in them. */
import type { Graph, Node, Value } from './graph.ts';

/** The nodes between two values, of which `start` alone leads to `end`, beside inputs, weights and constants. */
export interface Segment {
  readonly start: Value;
  readonly end: Value;
  readonly nodes: readonly Node[];
}

/** A segment of fewer nodes holds little beside its start and its end. */
const LEAST_NODES = 4;

/**
 * The segments of a graph that computes one scalar, in order. They lie between its waists: values that everything
 * after them depends on through them alone, such as the residual stream between two layers.
 */
export function findSegments(graph: Graph): Segment[] {
  const { nodes } = graph;
  const lastUse = new Map<Value, number>();
  nodes.forEach(({ inputs }, index) => {
    for (const input of inputs) lastUse.set(input, index);
  });
  const segments: Segment[] = [];
  const alive = new Set<Value>();
  let begin: { readonly value: Value; readonly index: number } | undefined;
  nodes.forEach(({ inputs, outputs }, index) => {
    for (const output of outputs) if ((lastUse.get(output) ?? index) > index) alive.add(output);
    for (const input of inputs) if (lastUse.get(input) === index) alive.delete(input);
    const [only] = alive;
    // What was made earlier and is used later once more leaves nothing to be made again.
    if (alive.size !== 1 || !outputs.includes(only!)) return;
    if (begin === undefined) begin = { value: only!, index };
    if (index - begin.index < LEAST_NODES) return;
    segments.push({ start: begin.value, end: only!, nodes: nodes.slice(begin.index + 1, index + 1) });
    begin = { value: only!, index };
  });
  return segments;
}
