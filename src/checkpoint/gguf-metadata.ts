/** The key–value part of a GGUF header: every value with the type it is stored in. */
import { UserError } from '../errors/index.ts';

/** What a GGUF file calls a value's type (gguf.md, `gguf_metadata_value_type`), in the order of their numbers. */
export const GGUF_VALUE_TYPES = [
  ...(['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'float32', 'bool', 'string'] as const),
  ...(['array', 'uint64', 'int64', 'float64'] as const),
] as const;
export type GgufItemType = Exclude<(typeof GGUF_VALUE_TYPES)[number], 'array'>;

/** Items of an array: a typed array as wide as the stored items, so that a file bounds the memory it takes. */
export type GgufItems =
  | readonly string[]
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | BigUint64Array
  | BigInt64Array
  | Float64Array;

/** One value of a header; a bool in an array is stored as 0 or 1. */
export type GgufEntry =
  | { readonly type: GgufItemType; readonly value: string | number | bigint | boolean }
  | { readonly type: `array of ${GgufItemType}`; readonly value: GgufItems };

/**
 * Values by key, asked for by kind: `undefined` where a key is not there, a {@link UserError} `gguf-invalid` that names
 * key, found and wanted type where it is of another kind. A caller can thus never take one kind for another.
 */
export class GgufMetadata {
  /** Names the file in errors. */
  readonly path: string;
  private readonly entries: ReadonlyMap<string, GgufEntry>;

  constructor(path: string, entries: ReadonlyMap<string, GgufEntry>) {
    this.path = path;
    this.entries = entries;
  }

  keys(): readonly string[] {
    return [...this.entries.keys()];
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** The entry as it is stored. */
  entry(key: string): GgufEntry | undefined {
    return this.entries.get(key);
  }

  string(key: string): string | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.type === 'string') return entry?.value as string | undefined;
    throw this.wrong(key, 'string');
  }

  boolean(key: string): boolean | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.type === 'bool') return entry?.value as boolean | undefined;
    throw this.wrong(key, 'bool');
  }

  /**
   * A whole number from 0 on and below `limit`, of any integer type. llama.cpp wants uint32 here; a value that fits
   * means the same in every width.
   */
  integer(key: string, limit = Number.MAX_SAFE_INTEGER): number | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const { type, value } = entry;
    if (isInteger(type) && (typeof value === 'number' || typeof value === 'bigint')) {
      if (value >= 0 && value < limit) return Number(value);
    }
    throw this.wrong(key, limit === Number.MAX_SAFE_INTEGER ? 'uint32' : `uint32 below ${limit}`);
  }

  /** A finite number of any numeric type. */
  number(key: string): number | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const value = typeof entry.value === 'bigint' ? Number(entry.value) : entry.value;
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw this.wrong(key, 'a finite float32');
  }

  strings(key: string): readonly string[] | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || entry.type === 'array of string') {
      return entry?.value as readonly string[] | undefined;
    }
    throw this.wrong(key, 'array of string');
  }

  /** Whole numbers of any integer type, each safe to count with. */
  integers(key: string): readonly number[] | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.type.startsWith('array of ') && isInteger(entry.type.slice(9))) {
      const items = Array.from(entry.value as Int32Array | BigInt64Array, Number);
      if (items.every(Number.isSafeInteger)) return items;
    }
    throw this.wrong(key, 'array of int32');
  }

  /** Numbers of any numeric type, each finite. */
  numbers(key: string): readonly number[] | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.type.startsWith('array of ') && !['array of string', 'array of bool'].includes(entry.type)) {
      const items = Array.from(entry.value as Float32Array | BigInt64Array, Number);
      if (items.every(Number.isFinite)) return items;
    }
    throw this.wrong(key, 'array of float32');
  }

  /** The error for a key that must be there and is not. */
  missing(key: string, expected: string): UserError {
    return new UserError('gguf-invalid', {
      what: `${this.path} does not say ${key}.`,
      got: 'nothing',
      expected,
      fix: 'convert the model again with a current llama.cpp',
    });
  }

  private wrong(key: string, expected: string): UserError {
    return new UserError('gguf-invalid', {
      what: `${this.path} says ${key} in a way that cannot be used.`,
      got: describe(this.entries.get(key)!),
      expected,
      fix: 'convert the model again with a current llama.cpp',
    });
  }
}

function isInteger(type: string): boolean {
  return /^u?int\d+$/.test(type);
}

function describe({ type, value }: GgufEntry): string {
  if (typeof value === 'object') return `${type}, ${value.length} items`;
  return `${type} ${typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : value}`;
}
