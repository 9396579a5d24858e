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
  const header: Record<string, unknown> = {};
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    invariant(name !== '__metadata__', 'a tensor cannot be named __metadata__');
    invariant(data.length === sizeOf(shape), `${name} has ${data.length} elements, shape [${shape}]`);
    header[name] = { dtype: NAMES[dtype], shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true);
  start.set(text, 8);
  await writeFileAtomically(path, async (file) => {
    await file.writeFile(start);
    for (const [, { data }] of entries) {
      await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  });
}
