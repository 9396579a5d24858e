/**
 * Stored bytes to float32. Block layouts: llama.cpp, ggml/src/ggml-common.h and ggml-quants.c (`dequantize_row_*`).
 * All results are exact or rounded once.
 */
import { invariant } from '../errors/index.ts';
import { BLOCK_DECODERS } from './dequantize-blocks.ts';
import { SUPER_BLOCK_DECODERS } from './dequantize-super-blocks.ts';
import { HALF } from './half-table.ts';
import { type DecodableType, storedTypeOf, type WeightSource } from './weight-source.ts';

/** Decodes one block: bytes from `at` into values from `to`. */
export type BlockDecoder = (bytes: Uint8Array, at: number, values: Float32Array, to: number) => void;

/** How whole runs of elements are decoded. */
const DECODERS: Readonly<Record<DecodableType, (bytes: Uint8Array, values: Float32Array) => void>> = {
  F32: (bytes, values) => new Uint8Array(values.buffer).set(bytes),
  F16: decodeF16,
  BF16: decodeBf16,
  ...byBlocks(BLOCK_DECODERS, 32),
  ...byBlocks(SUPER_BLOCK_DECODERS, 256),
};

/**
 * Decodes whole blocks of a weight, in the order in which they are stored.
 * Throws `UserError` `weight-type-unsupported`.
 */
export function decode(
  source: Pick<WeightSource, 'name' | 'dtype' | 'path'>,
  bytes: Uint8Array,
): Float32Array {
  const type = storedTypeOf(source.name, source.dtype, source.path);
  invariant(bytes.length % type.bytes === 0, `${source.name}: ${bytes.length} bytes are not whole blocks`);
  const values = new Float32Array((bytes.length / type.bytes) * type.elements);
  DECODERS[source.dtype as DecodableType](bytes, values);
  return values;
}

function byBlocks<Name extends string>(decoders: Readonly<Record<Name, BlockDecoder>>, elements: number) {
  const all = Object.entries<BlockDecoder>(decoders).map(([name, block]) => [
    name,
    (bytes: Uint8Array, values: Float32Array) => {
      const size = bytes.length / (values.length / elements);
      for (let to = 0, at = 0; to < values.length; to += elements, at += size) block(bytes, at, values, to);
    },
  ]);
  return Object.fromEntries(all) as Record<Name, (bytes: Uint8Array, values: Float32Array) => void>;
}

function decodeF16(bytes: Uint8Array, values: Float32Array): void {
  for (let i = 0, at = 0; i < values.length; i++, at += 2)
    values[i] = HALF[bytes[at]! | (bytes[at + 1]! << 8)]!;
}

/** A bfloat16 is the upper half of a float32. */
function decodeBf16(bytes: Uint8Array, values: Float32Array): void {
  const bits = new Uint32Array(values.buffer);
  for (let i = 0, at = 0; i < bits.length; i++, at += 2)
    bits[i] = (bytes[at]! << 16) | (bytes[at + 1]! << 24);
}
