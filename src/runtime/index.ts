/**
 * Room `runtime`: what runs graphs. It alone imports the ONNX Runtime. Two engines stand behind one interface:
 * ONNX Runtime in a thread of its own, and a slow float64 reference that tests hold it against.
 */
export * from './engine.ts';
export { type Held, held, holding, Owner } from './held.ts';
export {
  ENGINE_SLACK,
  formatBytes,
  type MemoryBound,
  memoryBound,
  PROCESS_BYTES,
  refuseMemory,
} from './memory-bound.ts';
export { dropBytes } from './onnx/collect-garbage.ts';
export { createOnnxEngine, type OnnxEngineOptions } from './onnx/onnx-engine.ts';
export { createReferenceEngine } from './reference/reference-engine.ts';
