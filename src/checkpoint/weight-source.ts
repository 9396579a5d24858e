/** Where the bytes of a weight stand, and how the stored types lay their elements out. */
import { UserError } from '../errors/index.ts';
import { sizeOf } from '../numeric/index.ts';
import type { RowOrder } from './row-order.ts';

/** One stored weight under its Hugging Face name. */
export interface WeightSource {
  readonly name: string;
  /** As stored; types that cannot be decoded may stand in a file unread. */
  readonly dtype: string;
  /** Row-major, in Hugging Face order: `[out, in]` for a linear layer. */
  readonly shape: readonly number[];
  readonly path: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  /** Set where the rows of queries and keys do not stand in Hugging Face's order. */
  readonly rowOrder?: RowOrder;
  /** Set where what is stored is the weight with 1 added. */
  readonly plusOne?: true;
}

/** A stored type: `elements` consecutive elements take `bytes` bytes. */
interface StoredType {
  readonly elements: number;
  readonly bytes: number;
}

/** The types that `decode` reads: floats, and llama.cpp's blocks of 32 and 256 elements. */
const DECODABLE_TYPES = {
  F32: { elements: 1, bytes: 4 },
  F16: { elements: 1, bytes: 2 },
  BF16: { elements: 1, bytes: 2 },
  Q8_0: { elements: 32, bytes: 34 },
  Q5_1: { elements: 32, bytes: 24 },
  Q5_0: { elements: 32, bytes: 22 },
  Q4_1: { elements: 32, bytes: 20 },
  Q4_0: { elements: 32, bytes: 18 },
  IQ4_NL: { elements: 32, bytes: 18 },
  MXFP4: { elements: 32, bytes: 17 },
  Q8_K: { elements: 256, bytes: 292 },
  Q6_K: { elements: 256, bytes: 210 },
  Q5_K: { elements: 256, bytes: 176 },
  Q4_K: { elements: 256, bytes: 144 },
  IQ4_XS: { elements: 256, bytes: 136 },
  Q3_K: { elements: 256, bytes: 110 },
  Q2_K: { elements: 256, bytes: 84 },
  TQ2_0: { elements: 256, bytes: 66 },
  TQ1_0: { elements: 256, bytes: 54 },
} as const satisfies Readonly<Record<string, StoredType>>;
export type DecodableType = keyof typeof DECODABLE_TYPES;

/** The stored type of a weight; throws a {@link UserError} that names the weight when it can't be decoded. */
export function storedTypeOf(name: string, dtype: string, path: string): StoredType {
  if (Object.hasOwn(DECODABLE_TYPES, dtype)) return DECODABLE_TYPES[dtype as DecodableType];
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
  // A permuted vector (the bias of a query or key) is reordered element by element.
  const columns = source.shape.length < 2 && source.rowOrder !== undefined ? 1 : source.shape.at(-1);
  if (columns === undefined) return { rows: 1, columns: 1 };
  return { rows: columns === 0 ? 0 : size / columns, columns };
}
