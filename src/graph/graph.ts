/** The intermediate representation: values of static shape, nodes that make them, and the graph they stand in. */
import { InvariantError, invariant } from '../errors/index.ts';
import { type DType, float32, sizeOf, type Tensor } from '../numeric/index.ts';
import type { Op } from './op.ts';
import type { Segment } from './segments.ts';

/** Element type and static shape of a value. */
export interface ValueType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Bytes of a file that hold a tensor, little-endian and row-major: mapped by the engine, never copied by us. */
export interface ExternalData {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  | { readonly kind: 'external'; readonly name: string; readonly data: ExternalData }
  | { readonly kind: 'node'; readonly node: Node; readonly index: number };

/** A typed edge of the graph. */
export interface Value extends ValueType {
  readonly id: number;
  readonly graph: Graph;
  readonly source: Source;
}

/** One application of an op. */
export interface Node {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly attributes: unknown;
  readonly outputs: readonly Value[];
}

/** A dataflow graph under construction; nodes stand in an order in which they can be evaluated. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly inputs = new Map<string, Value>();
  readonly outputs = new Map<string, Value>();
  private readonly externals = new Map<string, Value>();
  private readonly scalars = new Map<number, Value>();
  private readonly earlier = new Map<Value, Value[]>();
  private readonly cheap = new Set<Node>();
  private readonly segments = new Map<Node, Segment>();
  private nextId = 0;

  /** A value that is fed at every run. */
  input(name: string, dtype: DType, shape: readonly number[]): Value {
    invariant(!this.inputs.has(name), `graph input ${name} is declared twice`);
    const value = this.value({ dtype, shape }, { kind: 'input', name });
    this.inputs.set(name, value);
    return value;
  }

  /** A value that is part of the graph. */
  constant(tensor: Tensor): Value {
    return this.value(tensor, { kind: 'constant', tensor });
  }

  /** A float32 scalar constant, one per number. */
  scalar(number: number): Value {
    const known = this.scalars.get(number);
    if (known !== undefined) return known;
    const value = this.constant(float32([], [number]));
    this.scalars.set(number, value);
    return value;
  }

  /** A weight that stays in its file, one value per name. */
  external(name: string, type: ValueType, data: ExternalData): Value {
    const known = this.externals.get(name);
    if (known !== undefined) return known;
    const value = this.value(type, { kind: 'external', name, data });
    this.externals.set(name, value);
    return value;
  }

  /** Names a value as a result of the graph. */
  output(name: string, value: Value): void {
    invariant(!this.outputs.has(name), `graph output ${name} is declared twice`);
    invariant(value.graph === this, `graph output ${name} is a value of another graph`);
    this.outputs.set(name, value);
  }

  /** Appends a node; prefer the functions of `graph/ops`, which call this. */
  apply<A>(op: Op<A>, inputs: readonly Value[], attributes: A): Value[] {
    for (const input of inputs) {
      if (input.graph !== this) throw new InvariantError(`${op.name}: an input belongs to another graph`);
    }
    const types = op.infer(inputs, attributes);
    const outputs: Value[] = [];
    const node: Node = { op, inputs, attributes, outputs };
    types.forEach((type, index) => {
      outputs.push(this.value(type, { kind: 'node', node, index }));
    });
    this.nodes.push(node);
    return outputs;
  }

  /**
   * Has `early` values evaluated before anything is made of `value`, on which they must not depend: so that what they
   * are made of can be freed. Without it an engine is free to keep that until their own use, a whole pass later.
   */
  evaluateBefore(value: Value, early: readonly Value[]): void {
    this.earlier.set(value, [...this.evaluatedBefore(value), ...early]);
  }

  /** What {@link evaluateBefore} was told of a value. */
  evaluatedBefore(value: Value): readonly Value[] {
    return this.earlier.get(value) ?? [];
  }

  /**
   * Has a backward pass compute `value`, and what leads to it from `kept` values, a second time rather than keep it
   * until then: memory for time, worth it where the way is short and the value wide.
   */
  rematerialize(value: Value, kept: readonly Value[]): void {
    const { source } = value;
    if (source.kind !== 'node' || kept.includes(value) || this.cheap.has(source.node)) return;
    this.cheap.add(source.node);
    for (const input of source.node.inputs) this.rematerialize(input, kept);
  }

  /** Whether {@link rematerialize} was told so of a node. */
  isRematerialized(node: Node): boolean {
    return this.cheap.has(node);
  }

  /**
   * Has a backward pass compute what is in a segment a second time, from its start, and not before the gradient of its
   * end is there: until then nothing in it needs to be kept.
   */
  recompute(segment: Segment): void {
    for (const node of segment.nodes) this.segments.set(node, segment);
  }

  /** The segment of a node that {@link recompute} was told of. */
  recomputedSegment(node: Node): Segment | undefined {
    return this.segments.get(node);
  }

  /** The nodes that the outputs depend on, in order of evaluation. */
  liveNodes(): Node[] {
    const live = new Set<Node>();
    const visit: Value[] = [...this.outputs.values()];
    for (let value = visit.pop(); value !== undefined; value = visit.pop()) {
      if (value.source.kind !== 'node' || live.has(value.source.node)) continue;
      live.add(value.source.node);
      visit.push(...value.source.node.inputs);
    }
    const ordered = new Set<Node>();
    const place = (node: Node): void => {
      if (!live.has(node) || ordered.has(node)) return;
      for (const { source } of node.inputs) if (source.kind === 'node') place(source.node);
      ordered.add(node);
      for (const { source } of node.outputs.flatMap((output) => this.evaluatedBefore(output))) {
        if (source.kind === 'node') place(source.node);
      }
    };
    this.nodes.forEach(place);
    return [...ordered];
  }

  private value(type: ValueType, source: Source): Value {
    return { id: this.nextId++, graph: this, dtype: type.dtype, shape: [...type.shape], source };
  }
}

/** Bytes that a value of this type takes. */
export function byteLength(type: ValueType): number {
  const width = { float32: 4, float64: 8, int32: 4, int64: 8, int8: 1, uint8: 1, bool: 1 }[type.dtype];
  return width * sizeOf(type.shape);
}
