/** Writing GGUF files, version 3, little-endian: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
import { invariant } from '../errors/index.ts';
import { writeFileAtomically } from '../files/index.ts';
import { MAXIMUM_AXES, MAXIMUM_NAME } from './gguf-types.ts';

/** Numbers of the stored types (ggml.h, `enum ggml_type`). */
const TYPE_NUMBERS = { F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q8_0: 8, IQ2_S: 22, BF16: 30 } as const;

/** A tensor under its GGUF name. */
export interface GgufTensor {
  readonly name: string;
  /** Row-major order; the file has it reversed. */
  readonly shape: readonly number[];
  readonly type: keyof typeof TYPE_NUMBERS;
  /** The stored bytes. */
  readonly data: Uint8Array;
}

/**
 * Text, truth value, whole number from 0 (uint32), {@link Float}, or a list of texts, floats or whole numbers (int32; an
 * empty list too). Numbers that do not fit are a defect of the caller's.
 */
export type GgufValue =
  | string
  | boolean
  | number
  | Float
  | readonly string[]
  | readonly number[]
  | readonly Float[];

/** A float32, also when its value is whole. */
export interface Float {
  readonly float32: number;
}

/** Data of tensors begins at multiples of this, bytes; the default of the format. */
const ALIGNMENT = 32;

/** Writes a GGUF file, whole or not at all. Throws `UserError` `cannot-write`. */
export async function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufValue>>,
  tensors: readonly GgufTensor[],
): Promise<void> {
  const entries = Object.entries(metadata);
  const parts: Uint8Array[] = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) parts.push(text(key), ...encodeValue(value));
  let offset = 0;
  const names = new Set<string>();
  for (const { name, shape, type, data } of tensors) {
    invariant(Buffer.byteLength(name) < MAXIMUM_NAME, `${name} is too long a name for GGUF`);
    invariant(names.size < names.add(name).size, `${name} is written twice`);
    invariant(shape.length <= MAXIMUM_AXES, `${name} has ${shape.length} axes`);
    parts.push(text(name), u32(shape.length), ...shape.toReversed().map(u64));
    parts.push(u32(TYPE_NUMBERS[type]), u64(offset));
    offset += data.length + padding(data.length);
  }
  const header = Buffer.concat(parts);
  await writeFileAtomically(path, async (file) => {
    for (const bytes of [header, ...tensors.map(({ data }) => data)]) {
      await file.writeFile(bytes);
      await file.writeFile(new Uint8Array(padding(bytes.length)));
    }
  });
}

/** The value behind the number of its type (gguf.md, `gguf_metadata_value_type`). */
function encodeValue(value: GgufValue): Uint8Array[] {
  if (typeof value === 'string') return [u32(8), text(value)];
  if (typeof value === 'boolean') return [u32(7), Uint8Array.of(value ? 1 : 0)];
  if (typeof value === 'number') {
    invariant(value >>> 0 === value, `${value} is no uint32`);
    return [u32(4), u32(value)];
  }
  if ('float32' in value) return [u32(6), bytesOf(Float32Array.of(value.float32))];
  const items = value.map((item) => {
    if (typeof item === 'string') return text(item);
    return typeof item === 'number' ? i32(item) : bytesOf(Float32Array.of(item.float32));
  });
  const type = { string: 8, number: 5, object: 6 }[typeof value[0] as 'string' | 'number' | 'object'] ?? 5;
  return [u32(9), u32(type), u64(value.length), ...items];
}

const padding = (size: number) => (ALIGNMENT - (size % ALIGNMENT)) % ALIGNMENT;
const bytesOf = ({ buffer }: { readonly buffer: ArrayBuffer }) => new Uint8Array(buffer);
const u32 = (value: number) => bytesOf(Uint32Array.of(value));
const u64 = (value: number) => bytesOf(BigUint64Array.of(BigInt(value)));
const i32 = (value: number) => {
  invariant((value | 0) === value, `${value} is no int32`);
  return bytesOf(Int32Array.of(value));
};
const text = (value: string) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
