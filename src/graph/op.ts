/** What an op is: one record that holds its shape rule, its gradient and its emission together. */
import type { Tensor } from '../numeric/index.ts';
import type { Node, Value, ValueType } from './graph.ts';

/** An ONNX attribute: a float is marked, every bare number is an integer. */
export type AttributeValue = number | { readonly float: number } | string | readonly number[];

/**
 * The ONNX node that an op becomes. Tensors among the inputs become small initializers, emissions nodes that come before.
 */
export interface Emission {
  readonly type: string;
  readonly domain?: 'com.microsoft';
  readonly inputs: readonly (Value | Tensor | Emission)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** What a gradient rule may read. */
export interface GradientContext<A> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: A;
  /** Gradient of the target with respect to each output; undefined where nothing flows. */
  readonly outputGradients: readonly (Value | undefined)[];
  /** Which inputs need a gradient. A rule computes nothing for the others. */
  readonly needs: readonly boolean[];
}

/** A gradient rule; declared as a method so that `Op<A>` stays assignable to `Op`. */
export type GradientRule<A> = { rule(context: GradientContext<A>): (Value | undefined)[] }['rule'];

/** One op of the representation. Methods, so that `Op<A>` can stand where `Op` is asked. */
export interface Op<A = unknown> {
  /** The ONNX name, or the closest one. */
  readonly name: string;
  /** Types of the outputs; throws an InvariantError that names the op when the inputs do not fit. */
  infer(inputs: readonly ValueType[], attributes: A): ValueType[];
  /**
   * One gradient per input (undefined where none is needed), made of ordinary ops. It may keep a broadcast
   * shape: the backward walk sums it down to the input's shape. `null` marks an op without a gradient, `'stops'`
   * one whose results are constants to the backward walk.
   */
  readonly gradient: GradientRule<A> | 'stops' | null;
  /** The ONNX node for the CPU provider. */
  emit(node: Node, attributes: A): Emission;
}

/** Identity at run time; it checks a record's members against one attribute type. */
export function defineOp<A = Record<never, never>>(op: Op<A>): Op<A> {
  return op;
}
