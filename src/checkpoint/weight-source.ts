/** Where the bytes of a weight stand, and how the stored types lay their elements out. */
import { UserError } from '../errors/index.ts';
import { sizeOf } from '../numeric/index.ts';

/** One stored weight under its Hugging Face name. */
export interface WeightSource {
  readonly name: string;
  /** As stored: F32, F16, BF16, Q8_0, Q4_0, Q4_1 can be decoded; other types may stand in a file unread. */
  readonly dtype: string;
  /** Row-major, in Hugging Face order: `[out, in]` for a linear layer. */
  readonly shape: readonly number[];
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /**
   * Set for the query and key rows that llama.cpp's converter permutes: rows of one head. Within a head,
   * stored row 2j + s is Hugging Face row s·rowsPerHead/2 + j (s = 0, 1).
   */
  readonly permutedRowsPerHead?: number;
}

/** A stored type: `elements` consecutive elements take `bytes` bytes. */
interface StoredType {
  readonly elements: number;
  readonly bytes: number;
}

/** The types that `decode` reads. Q types: blocks of 32 elements with float16 scales (llama.cpp). */
export const DECODABLE_TYPES: Readonly<Record<string, StoredType>> = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  Q8_0: { elements: 32, bytes: 34 },
  Q4_0: { elements: 32, bytes: 18 },
  Q4_1: { elements: 32, bytes: 20 },
};

/** The stored type of a weight; throws a {@link UserError} that names the weight when it can't be decoded. */
export function storedTypeOf(name: string, dtype: string, path: string): StoredType {
  const type = DECODABLE_TYPES[dtype];
  if (type !== undefined) return type;
  throw new UserError('weight-type-unsupported', {
    what: `Weight ${name} of ${path} is stored in a type that cannot be read.`,
    got: dtype,
    expected: `one of ${Object.keys(DECODABLE_TYPES).join(', ')}`,
    fix: 'use a copy of the model in one of these types (for GGUF: F16 or Q8_0)',
  });
}

/** Shape as [rows, columns]: one row for a vector, all leading axes as rows for more axes. */
export function rowsAndColumns(source: WeightSource): { rows: number; columns: number } {
  const size = sizeOf(source.shape);
  // A permuted vector (the bias of a query or key) is permuted element by element.
  const columns =
    source.shape.length < 2 && source.permutedRowsPerHead !== undefined ? 1 : source.shape.at(-1);
  if (columns === undefined) return { rows: 1, columns: 1 };
  return { rows: columns === 0 ? 0 : size / columns, columns };
}
