/**
 * Graphs of one's own: build them from the ops, differentiate them, run them.
 *
 * `examples/own-graph.mjs` shows a model written, trained and measured in it.
 */
export { gradients } from './autodiff/index.ts';
export * from './graph/index.ts';
export { float32, int64, type MatrixProduct, type Tensor, tensor } from './numeric/index.ts';
export {
  createOnnxEngine,
  createReferenceEngine,
  type Engine,
  type OnnxEngineOptions,
  type Program,
} from './runtime/index.ts';
