/** Reading the header of a GGUF file: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { UserError } from '../errors/index.ts';
import { readingError } from '../files/index.ts';
import { storedTypeOf, type WeightSource } from './weight-source.ts';

/** The key–value part of a GGUF header; 64-bit integers are bigints. */
export type GgufMetadata = Readonly<Record<string, unknown>>;

export interface GgufHeader {
  readonly metadata: GgufMetadata;
  /** Under GGUF names; the shape is turned to row-major order (GGUF writes the fastest axis first). */
  readonly tensors: readonly WeightSource[];
}

/**
 * Reads and checks the header of a GGUF file: types that can be decoded, and data inside the file without
 * overlap. Throws {@link UserError} `gguf-invalid`, `weight-type-unsupported`, `file-truncated`,
 * `file-not-found`.
 */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  let fileSize: number;
  try {
    fileSize = (await stat(path)).size;
  } catch (error) {
    throw readingError(path, error);
  }
  const { gguf, GGMLQuantizationType } = await import('@huggingface/gguf');
  const header = await gguf(resolve(path), { allowLocalFile: true }).catch((error: unknown) => {
    throw invalid(path, 'its header cannot be read', error instanceof Error ? error.message : String(error));
  });
  // The parser pads what it reads with zeros: a header that is cut off seems to end behind the file.
  if (Number(header.tensorDataOffset) > fileSize)
    throw truncated(path, fileSize, Number(header.tensorDataOffset));
  if (!header.littleEndian) throw invalid(path, 'it is big-endian', 'big-endian', 'little-endian');
  const tensors = header.tensorInfos.map((info): WeightSource => {
    const dtype = GGMLQuantizationType[info.dtype] ?? `type ${info.dtype}`;
    const { elements, bytes } = storedTypeOf(info.name, dtype, path);
    const shape = info.shape.map(Number).reverse();
    const size = info.shape.reduce((product, extent) => product * extent, 1n);
    if ((shape.at(-1) ?? 1) % elements !== 0) {
      throw invalid(path, `rows of tensor ${info.name} are not whole ${dtype} blocks`, `${shape.at(-1)}`);
    }
    const length = (size / BigInt(elements)) * BigInt(bytes);
    const offset = header.tensorDataOffset + info.offset;
    if (offset + length > BigInt(fileSize)) throw truncated(path, fileSize, offset + length, info.name);
    return { name: info.name, dtype, shape, path, offset: Number(offset), length: Number(length) };
  });
  checkOverlap(path, tensors);
  return { metadata: { ...header.metadata }, tensors };
}

function checkOverlap(path: string, tensors: readonly WeightSource[]): void {
  let end = 0;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (tensor.offset < end) {
      const expected = `${end} or later`;
      throw invalid(
        path,
        `tensor ${tensor.name} overlaps another`,
        `begins at byte ${tensor.offset}`,
        expected,
      );
    }
    end = tensor.offset + tensor.length;
  }
}

function truncated(path: string, size: number, needed: number | bigint, tensor?: string): UserError {
  return new UserError('file-truncated', {
    what: `${path} ends too early${tensor === undefined ? '' : `: inside tensor ${tensor}`}.`,
    got: `${size} bytes`,
    expected: `at least ${needed} bytes`,
    fix: 'the copy is incomplete: download or copy the file again',
  });
}

function invalid(path: string, problem: string, got: string, expected?: string): UserError {
  return new UserError('gguf-invalid', {
    what: `${path} is not a valid GGUF file: ${problem}.`,
    got,
    ...(expected === undefined ? {} : { expected }),
    fix: 'the file is incomplete or damaged: download or convert it again',
  });
}
