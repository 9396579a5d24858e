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
  /** Places of the makers of a value and of what must be evaluated before it is used: the encoder writes these last. */
  const makers = (value: Value): number[] =>
    [value, ...graph.evaluatedBefore(value)].flatMap(({ source }) => {
      const at = source.kind === 'node' ? index.get(source.node) : undefined;
      return at === undefined ? [] : [at];
    });
  const needs = nodes.map(({ inputs }) => {
    const last = (group: number[]) => (group.length > 1 ? nodes.length : 0) + group[0]!;
    const groups = inputs.map(makers).filter((group) => group.length > 0);
    return (groups.length > 1 ? groups.toSorted((a, b) => last(a) - last(b)) : groups).flat();
  });
  const needed = new Set(needs.flat());
  // A node is met twice: before what it needs, and after.
  const stack = nodes.flatMap((_, at) => (needed.has(at) ? [] : [{ at, met: false }]));
  const visited = new Set<number>();
  const order: Node[] = [];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { at, met } = entry;
    if (met) order.push(nodes[at]!);
    if (met || visited.has(at)) continue;
    visited.add(at);
    stack.push({ at, met: true });
    for (const other of needs[at]!) if (!visited.has(other)) stack.push({ at: other, met: false });
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
