/**
 * Room `checkpoint`: files of model weights. It reads safetensors and GGUF, tells every weight by its
 * Hugging Face name, gives it as float32 (in memory or as a place in a file), keeps what is decoded in a checked cache, and writes safetensors and GGUF.
 * Bytes from outside are checked whole when a file is opened. It imports `errors`, `files` and `numeric`.
 */
export { Cache, type CacheEntry } from './cache.ts';
export type { CachedType, Layout, Piece } from './cache-file.ts';
export { canonicalJson } from './canonical-json.ts';
export { type Checkpoint, hashFiles, openCheckpoint } from './checkpoint.ts';
export { decode } from './dequantize.ts';
export { assertFinite } from './finite.ts';
export { type GgufHeader, readGgufHeader } from './gguf.ts';
export { type GgufEntry, GgufMetadata } from './gguf-metadata.ts';
export { findGgufNames, type GgufNames } from './gguf-models/translate.ts';
export { type GgufTensor, type GgufValue, writeGguf } from './gguf-write.ts';
export { encodeHalf } from './half.ts';
export { materialize, refuseStopped } from './materialize.ts';
export { openSafetensors } from './open-safetensors.ts';
export { readTensors, type TensorFile } from './read-tensors.ts';
export { differenceNorm, readWeight } from './read-weight.ts';
export { storedRows } from './row-order.ts';
export { readSafetensorsHeader, type SafetensorsHeader } from './safetensors.ts';
export { joinSafetensors } from './safetensors-join.ts';
export { type HalfTensor, writeSafetensors } from './safetensors-write.ts';
export type { WeightSource } from './weight-source.ts';
