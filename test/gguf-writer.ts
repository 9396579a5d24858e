/** Writes small GGUF files for tests: version 3, little-endian, data aligned to 32 bytes. */
import { writeFileSync } from 'node:fs';

export interface GgufTensor {
  readonly name: string;
  /** Row-major order; the file has it reversed. */
  readonly shape: readonly number[];
  /** Number of the ggml type: 0 F32, 1 F16, 2 Q4_0, 3 Q4_1, 8 Q8_0, 30 BF16. */
  readonly type: number;
  readonly data: Uint8Array;
}

export type GgufValue = string | number | boolean | readonly string[] | readonly number[];

export function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): void {
  const parts: Uint8Array[] = [
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(Object.keys(metadata).length),
  ];
  for (const [key, value] of Object.entries(metadata)) parts.push(text(key), ...encodeValue(value));
  let offset = 0;
  for (const { name, shape, type, data } of tensors) {
    parts.push(text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(type), u64(offset));
    offset = pad(offset + data.length);
  }
  const header = Buffer.concat(parts);
  const file = new Uint8Array(pad(header.length) + offset);
  file.set(header);
  let at = pad(header.length);
  for (const { data } of tensors) {
    file.set(data, at);
    at = pad(at + data.length);
  }
  writeFileSync(path, file);
}

/** Bytes of float32 values. */
export function floatBytes(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

function encodeValue(value: GgufValue): Uint8Array[] {
  if (typeof value === 'string') return [u32(8), text(value)];
  if (typeof value === 'boolean') return [u32(7), Uint8Array.of(value ? 1 : 0)];
  if (typeof value === 'number') {
    return Number.isInteger(value) ? [u32(4), u32(value)] : [u32(6), floatBytes([value])];
  }
  const items = value.map((item) => (typeof item === 'string' ? text(item) : u32(item)));
  return [u32(9), u32(typeof value[0] === 'string' ? 8 : 5), u64(value.length), ...items];
}

const pad = (size: number) => Math.ceil(size / 32) * 32;
const u32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number) => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
