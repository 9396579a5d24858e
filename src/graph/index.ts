/**
 * Room `graph`: the intermediate representation that every computation here is written in. Its ops are the ONNX
 * ops that we emit; one record per op holds shape rule, gradient and emission. It runs nothing.
 */
export * from './graph.ts';
export { estimatePeakBytes, mappedBytes } from './memory.ts';
export * from './op.ts';
export * from './ops/activations.ts';
export * from './ops/attention.ts';
export * from './ops/elementwise.ts';
export * from './ops/gather.ts';
export { type OpName, ops } from './ops/index.ts';
export * from './ops/matmul.ts';
export * from './ops/normalize.ts';
export {
  type ReduceAttributes,
  ReduceMax,
  ReduceMean,
  type ReduceOptions,
  ReduceSum,
  reduceMax,
  reduceMean,
  reduceSum,
} from './ops/reduce.ts';
export * from './ops/rotated.ts';
export * from './ops/shape.ts';
export * from './ops/softmax.ts';
export { printGraph } from './print.ts';
export { findSegments, type Segment } from './segments.ts';
