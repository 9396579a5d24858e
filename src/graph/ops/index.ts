/** Every op, by name: tests and the reference engine are keyed by this table, so that none can be forgotten. */
import { FastGelu, Gelu, QuickGelu } from './activations.ts';
import { RotaryEmbedding } from './attention.ts';
import {
  Add,
  Div,
  Erf,
  Exp,
  Log,
  Mul,
  Neg,
  Relu,
  Sigmoid,
  Sign,
  Sqrt,
  StopGradient,
  Sub,
  Tanh,
} from './elementwise.ts';
import { Gather, ScatterAdd } from './gather.ts';
import { AddMatMul, MatMul, MatMulNBits } from './matmul.ts';
import { LayerNormalization, SimplifiedLayerNormalization } from './normalize.ts';
import { ReduceMax, ReduceMean, ReduceSum } from './reduce.ts';
import { MatMulInteger, QuantizeRows, RowScales } from './rotated.ts';
import { Cast, Concat, Expand, Reshape, Slice, Split, Transpose } from './shape.ts';
import { Softmax } from './softmax.ts';

export const ops = {
  Add,
  Sub,
  Mul,
  Div,
  Neg,
  Exp,
  Log,
  Sqrt,
  Erf,
  Tanh,
  Sigmoid,
  Relu,
  Sign,
  StopGradient,
  Gelu,
  FastGelu,
  QuickGelu,
  MatMul,
  AddMatMul,
  MatMulNBits,
  MatMulInteger,
  RowScales,
  QuantizeRows,
  ReduceSum,
  ReduceMean,
  ReduceMax,
  Softmax,
  LayerNormalization,
  SimplifiedLayerNormalization,
  Reshape,
  Transpose,
  Expand,
  Split,
  Concat,
  Slice,
  Cast,
  Gather,
  ScatterAdd,
  RotaryEmbedding,
};

export type OpName = keyof typeof ops;
