/** Elementwise ops with NumPy broadcasting. The backward walk undoes broadcasting; rules here ignore it. */
import { invariant } from '../../errors/index.ts';
import type { Value, ValueType } from '../graph.ts';
import { defineOp, type Op } from '../op.ts';

/** NumPy broadcast of two shapes. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    invariant(left === right || left === 1 || right === 1, `shapes [${a}] and [${b}] do not broadcast`);
    return Math.max(left, right);
  });
}

function inferBinary(inputs: readonly ValueType[]): ValueType[] {
  const [a, b] = inputs as [ValueType, ValueType];
  invariant(a.dtype === b.dtype, `elementwise op on ${a.dtype} and ${b.dtype}`);
  return [{ dtype: a.dtype, shape: broadcastShape(a.shape, b.shape) }];
}

const inferUnary = (inputs: readonly ValueType[]): ValueType[] => [inputs[0]!];

function binary(name: string, gradient: Op['gradient']): Op {
  return defineOp({
    name,
    infer: inferBinary,
    gradient,
    emit: (node) => ({ type: name, inputs: node.inputs }),
  });
}

/** `derivative(dy, x, y)`: the gradient of a unary op from its output gradient, input and output. */
function unary(name: string, derivative: (dy: Value, x: Value, y: Value) => Value): Op {
  return defineOp({
    name,
    infer: inferUnary,
    gradient: ({ inputs: [x], outputs: [y], outputGradients: [dy] }) => [derivative(dy!, x!, y!)],
    emit: (node) => ({ type: name, inputs: node.inputs }),
  });
}

/** a + b */
export const Add = binary('Add', ({ outputGradients: [dy] }) => [dy, dy]);

/** a − b */
export const Sub = binary('Sub', ({ outputGradients: [dy], needs }) => [dy, needs[1] ? neg(dy!) : undefined]);

/** a ∘ b */
export const Mul = binary('Mul', ({ inputs: [a, b], outputGradients: [dy], needs }) => [
  needs[0] ? mul(dy!, b!) : undefined,
  needs[1] ? mul(dy!, a!) : undefined,
]);

/** a / b: da = dy / b, db = −dy · y / b */
export const Div = binary('Div', ({ inputs: [, b], outputs: [y], outputGradients: [dy], needs }) => [
  needs[0] ? div(dy!, b!) : undefined,
  needs[1] ? neg(mul(dy!, div(y!, b!))) : undefined,
]);

export const Neg = unary('Neg', (dy) => neg(dy));
export const Exp = unary('Exp', (dy, _x, y) => mul(dy, y));
export const Log = unary('Log', (dy, x) => div(dy, x));
/** 1 / (2√x) */
export const Sqrt = unary('Sqrt', (dy, _x, y) => div(mul(dy, y.graph.scalar(0.5)), y));
/** 2/√π · exp(−x²) = exp(ln(2/√π) − x²) */
export const Erf = unary('Erf', (dy, x) =>
  mul(dy, exp(sub(x.graph.scalar(Math.log(2 / Math.sqrt(Math.PI))), mul(x, x)))),
);
/** 1 − y² */
export const Tanh = unary('Tanh', (dy, _x, y) => mul(dy, sub(y.graph.scalar(1), mul(y, y))));
/** y (1 − y) */
export const Sigmoid = unary('Sigmoid', (dy, _x, y) => mul(dy, mul(y, sub(y.graph.scalar(1), y))));
/** sign(y): 1 where x > 0, else 0 */
export const Relu = unary('Relu', (dy, _x, y) => mul(dy, sign(y)));
/** x, taken as a constant by gradients. */
export const StopGradient = defineOp({
  name: 'StopGradient',
  infer: inferUnary,
  gradient: 'stops',
  emit: (node) => ({ type: 'Identity', inputs: node.inputs }),
});
/** 0 wherever it exists; told, not null, so that gradients of Relu can be differentiated. */
export const Sign = unary('Sign', (dy) => scale(dy, 0));

/** What `x` was expanded from, where an op with `other` expands it all the same: nothing is written out in full. */
function unexpanded(x: Value, other: Value): Value {
  const { source } = x;
  if (source.kind !== 'node' || source.node.op.name !== 'Expand') return x;
  const narrow = source.node.inputs[0]!;
  const width = x.shape.length - other.shape.length;
  const wide = x.shape.map((extent, axis) => extent === 1 || other.shape[axis - width] === extent);
  return wide.every(Boolean) ? narrow : x;
}

const call2 = (op: Op) => (a: Value, b: Value) => {
  const left = unexpanded(a, b);
  return a.graph.apply(op, [left, unexpanded(b, left)], {})[0]!;
};
const call1 = (op: Op) => (x: Value) => x.graph.apply(op, [x], {})[0]!;

export const add: (a: Value, b: Value) => Value = call2(Add);
export const sub: (a: Value, b: Value) => Value = call2(Sub);
export const mul: (a: Value, b: Value) => Value = call2(Mul);
export const div: (a: Value, b: Value) => Value = call2(Div);
export const neg: (x: Value) => Value = call1(Neg);
export const exp: (x: Value) => Value = call1(Exp);
export const log: (x: Value) => Value = call1(Log);
export const sqrt: (x: Value) => Value = call1(Sqrt);
export const erf: (x: Value) => Value = call1(Erf);
export const tanh: (x: Value) => Value = call1(Tanh);
export const sigmoid: (x: Value) => Value = call1(Sigmoid);
export const relu: (x: Value) => Value = call1(Relu);
export const sign: (x: Value) => Value = call1(Sign);
/** x as a constant: no gradient flows through it. */
export const stopGradient: (x: Value) => Value = call1(StopGradient);
/** a · number, elementwise. */
export const scale = (x: Value, number: number): Value => (number === 1 ? x : mul(x, x.graph.scalar(number)));
