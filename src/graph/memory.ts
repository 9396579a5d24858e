/** How much memory a graph's values take while it runs. */
import { byteLength, type Graph, type Value } from './graph.ts';

/**
 * Largest sum of the bytes of values alive at one time, when nodes run in order and every value is freed after
 * its last use; outputs stay. Inputs count; constants and external weights do not. An estimate of what an engine
 * needs beside the weights: a real one may reuse buffers or choose another order.
 */
export function estimatePeakBytes(graph: Graph): number {
  const nodes = graph.liveNodes();
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
