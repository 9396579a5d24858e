/** Writing safetensors files. */
import { invariant } from '../errors/index.ts';
import { writeFileAtomically } from '../files/index.ts';
import { type DType, sizeOf, type Tensor } from '../numeric/index.ts';

/** A tensor of 16-bit floats as their bits. */
export interface HalfTensor {
  readonly dtype: 'F16' | 'BF16';
  readonly shape: readonly number[];
  readonly data: Uint16Array;
}

const NAMES: Readonly<Record<DType | HalfTensor['dtype'], string>> = {
  float32: 'F32',
  float64: 'F64',
  int32: 'I32',
  int64: 'I64',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
  F16: 'F16',
  BF16: 'BF16',
};

/**
 * Writes tensors to a safetensors file, whole or not at all. As the format asks, wider elements come first
 * and the header is padded with spaces to 8 bytes, so every tensor is aligned to its element.
 * Throws `UserError` `cannot-write`.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor | HalfTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const entries = Object.entries(tensors).toSorted(
    ([nameA, a], [nameB, b]) =>
      b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || (nameA < nameB ? -1 : 1),
  );
  for (const [name, { shape, data }] of entries)
    invariant(data.length === sizeOf(shape), `${name} has ${data.length} elements, shape [${shape}]`);
  const start = encodeHeader(
    entries.map(([name, { dtype, shape, data }]) => ({
      name,
      dtype: NAMES[dtype],
      shape,
      bytes: data.byteLength,
    })),
    metadata,
  );
  await writeFileAtomically(path, async (file) => {
    await file.writeFile(start);
    for (const [, { data }] of entries) {
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}

/** A tensor as a header tells of it. */
interface HeaderEntry {
  readonly name: string;
  /** In the format's words: `F32`, `U8`, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

/**
 * All that stands before the values of `entries`, which follow in this order: the header's length, and the header,
 * padded with spaces until the values begin at a multiple of `alignment` bytes.
 */
export function encodeHeader(
  entries: readonly HeaderEntry[],
  metadata: Readonly<Record<string, string>>,
  alignment = 8,
): Uint8Array {
  // Without a prototype: a tensor may be named __proto__.
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let end = 0;
  for (const { name, dtype, shape, bytes } of entries) {
    invariant(name !== '__metadata__', 'a tensor cannot be named __metadata__');
    header[name] = { dtype, shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(Math.ceil((8 + text.length) / alignment) * alignment).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true);
  start.set(text, 8);
  return start;
}
