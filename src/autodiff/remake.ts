/** Values that a backward pass makes again instead of keeping them. */
import { type Graph, type Node, Reshape, type Segment, type Value } from '../graph/index.ts';

interface Remade {
  /** By node, its outputs made again. */
  readonly outputs: Map<Node, readonly Value[]>;
  /** By start of a segment, the same value where it waits for the gradient of the end. */
  readonly starts: Map<Value, Value>;
}

const remadeOf = new WeakMap<Graph, Remade>();

function remadeIn(graph: Graph): Remade {
  const known = remadeOf.get(graph) ?? { outputs: new Map(), starts: new Map() };
  remadeOf.set(graph, known);
  return known;
}

/** Has all that is made again of a segment wait for the gradient of its end. */
export function openSegment({ start }: Segment, endGradient: Value): void {
  const { graph, shape } = start;
  const { starts } = remadeIn(graph);
  if (starts.has(start)) return;
  const waiting = graph.apply(Reshape, [start], { shape })[0]!;
  graph.evaluateBefore(waiting, [endGradient]);
  starts.set(start, waiting);
}

/**
 * What a backward pass reads in place of a value: itself, or where the graph says so its like, made again. Of a segment
 * that is computed a second time this holds once the gradients are there.
 */
export function remake(value: Value): Value {
  const { graph, source } = value;
  const { outputs, starts } = remadeIn(graph);
  const waiting = starts.get(value);
  if (waiting !== undefined || source.kind !== 'node') return waiting ?? value;
  const { node } = source;
  const segment = graph.recomputedSegment(node);
  // The end of a segment is kept: what comes after it needs it.
  const isInside = segment !== undefined && segment.end !== value && starts.has(segment.start);
  if (!isInside && !graph.isRematerialized(node)) return value;
  const made = outputs.get(node) ?? graph.apply(node.op, node.inputs.map(remake), node.attributes);
  outputs.set(node, made);
  return made[source.index]!;
}
