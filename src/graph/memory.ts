/** How much memory a graph's values take while it runs. */
import { byteLength, type Graph, type Node, type Value } from './graph.ts';

/**
 * Largest sum of the bytes of values alive at one time, when nodes run as the ONNX Runtime orders them and every value
 * is freed after its last use; outputs stay. Inputs count; constants and external weights do not. An estimate of what
 * an engine needs beside the weights: a real one may reuse buffers.
 */
export function estimatePeakBytes(graph: Graph): number {
  const nodes = engineOrder(graph);
  const lastUse = new Map<Value, number>();
  nodes.forEach((node, index) => {
    for (const input of node.inputs) lastUse.set(input, index);
  });
  for (const value of graph.outputs.values()) lastUse.set(value, nodes.length);
  let alive = [...graph.inputs.values()].reduce((sum, value) => sum + byteLength(value), 0);
  let peak = alive;
  nodes.forEach((node, index) => {
    for (const output of node.outputs) alive += byteLength(output);
    peak = Math.max(peak, alive);
    const ended = new Set([...node.inputs, ...node.outputs]);
    for (const value of ended) {
      const stored = value.source.kind === 'node' || value.source.kind === 'input';
      if (stored && (lastUse.get(value) ?? index) === index) alive -= byteLength(value);
    }
  });
  return peak;
}

/**
 * The live nodes as the ONNX Runtime runs them: by depth-first search from the nodes that no other needs, the last of
 * which come first, and of a node's inputs those that were written last (`Graph::ReverseDFSFrom` of its 1.2x releases).
 */
function engineOrder(graph: Graph): Node[] {
  const nodes = graph.liveNodes();
  const index = new Map(nodes.map((node, at) => [node, at]));
  const makerOf = ({ source }: Value) => (source.kind === 'node' ? source.node : undefined);
  /** Makers of a value and of what must be evaluated before it is used: the encoder writes these last. */
  const makers = (value: Value): Node[] => {
    const awaited = value.graph.evaluatedBefore(value).map(makerOf);
    return [makerOf(value), ...awaited].filter((node) => node !== undefined && index.has(node)) as Node[];
  };
  const needs = (node: Node): Node[] => {
    const byLast = (group: Node[]) => (group.length > 1 ? nodes.length : 0) + (index.get(group[0]!) ?? 0);
    const groups = node.inputs.map(makers).filter((group) => group.length > 0);
    return groups.toSorted((a, b) => byLast(a) - byLast(b)).flat();
  };
  const needed = new Set(nodes.flatMap(needs));
  const stack = nodes.filter((node) => !needed.has(node)).map((node) => ({ node, left: false }));
  const visited = new Set<Node>();
  const order: Node[] = [];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { node, left } = entry;
    if (left) order.push(node);
    if (left || visited.has(node)) continue;
    visited.add(node);
    stack.push({ node, left: true });
    for (const other of needs(node)) if (!visited.has(other)) stack.push({ node: other, left: false });
  }
  return order;
}

/**
 * Bytes of files that a run of the graph reads, by name of the weight: all of it where a product needs it, and the rows
 * that are looked up where nothing else does.
 */
export function mappedBytes(graph: Graph): ReadonlyMap<string, number> {
  const mapped = new Map<string, number>();
  for (const { op, inputs, outputs } of graph.liveNodes()) {
    inputs.forEach((value, index) => {
      if (value.source.kind !== 'external') return;
      const { name } = value.source;
      const looked = op.name === 'Gather' && index === 0 ? byteLength(outputs[0]!) : Number.POSITIVE_INFINITY;
      mapped.set(name, Math.min(byteLength(value), (mapped.get(name) ?? 0) + looked));
    });
  }
  return mapped;
}
