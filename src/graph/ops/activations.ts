/**
 * Activation functions of MLPs. Each is one op and not a composition: ONNX Runtime computes it in one pass, and a
 * gradient written as a whole takes two thirds of the passes that the chain rule over elementary ops takes.
 */
import { invariant } from '../../errors/index.ts';
import type { Value } from '../graph.ts';
import { type AttributeValue, defineOp, type Op } from '../op.ts';
import { add, erf, exp, mul, scale, sigmoid, sub } from './elementwise.ts';

/** An activation of the runtime's own domain; `derivative(x, y)` is dy/dx. */
function activation(
  name: string,
  derivative: (x: Value, y: Value) => Value,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Op {
  return defineOp({
    name,
    infer([x]) {
      invariant(x!.shape.length > 0, `${name} of a scalar, which the runtime refuses`);
      return [x!];
    },
    gradient: ({ inputs: [x], outputs: [y], outputGradients: [dy] }) => [mul(dy!, derivative(x!, y!))],
    emit: (node) => ({ type: name, domain: 'com.microsoft', inputs: node.inputs, attributes }),
  });
}

const call = (op: Op) => (x: Value) => x.graph.apply(op, [x], {})[0]!;

/** a − x, and x + a. */
const minusFrom = (a: number, x: Value): Value => sub(x.graph.scalar(a), x);
const plus = (x: Value, a: number): Value => add(x, x.graph.scalar(a));

/**
 * y = x Φ(x) = x/2 (1 + erf u) with u = x/√2.
 * y' = Φ(x) + x φ(x) = (1 + erf u + u exp(ln(2/√π) − u²)) / 2.
 */
export const Gelu = activation('Gelu', (x) => {
  const u = scale(x, Math.SQRT1_2);
  const density = exp(minusFrom(Math.log(2 / Math.sqrt(Math.PI)), mul(u, u)));
  return scale(plus(add(erf(u), mul(u, density)), 1), 0.5);
});

/** x Φ(x), exact. */
export const gelu: (x: Value) => Value = call(Gelu);

const SLOPE = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715 * SLOPE;

/**
 * y = x/2 (1 + tanh √(2/π)(x + 0.044715 x³)) = x σ(z) with z = x (a + b x²), a = 2√(2/π), b = 0.044715 a.
 * y' = σ(z) + x σ(z)(1 − σ(z)) z' with z' = a + 3b x². Of x alone: y, as wide as x, need not be kept for it.
 */
export const FastGelu = activation('FastGelu', (x) => {
  const square = mul(x, x);
  const s = sigmoid(mul(x, plus(scale(square, CUBIC), SLOPE)));
  const slope = plus(scale(square, 3 * CUBIC), SLOPE);
  return add(s, mul(slope, mul(mul(x, s), minusFrom(1, s))));
});

/** The tanh approximation of {@link gelu}: `gelu_new`, `gelu_pytorch_tanh`. */
export const geluTanh: (x: Value) => Value = call(FastGelu);

/** y = x σ(x): y' = σ(x) + x σ(x)(1 − σ(x)) = y + σ(x)(1 − y). */
export const QuickGelu = activation(
  'QuickGelu',
  (x, y) => add(y, mul(sigmoid(x), minusFrom(1, y))),
  // The runtime's op is x σ(αx).
  { alpha: { float: 1 } },
);

/** x σ(x), also called swish. */
export const silu: (x: Value) => Value = call(QuickGelu);
