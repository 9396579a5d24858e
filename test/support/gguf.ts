/** Metadata of GGUF headers as plain values, for tests. */
import { type GgufEntry, GgufMetadata, type GgufValue } from '../../src/checkpoint/index.ts';

/** Metadata as they are read from a file that `writeGguf` wrote with these values; an entry may be given as such. */
export function ggufMetadata(
  values: Readonly<Record<string, GgufValue | GgufEntry | undefined>>,
): GgufMetadata {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return new GgufMetadata('tiny.gguf', new Map(entries.map(([key, value]) => [key, entryOf(value!)])));
}

function entryOf(value: GgufValue | GgufEntry): GgufEntry {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') return { type: 'uint32', value };
  if ('type' in value) return value;
  if ('float32' in value) return { type: 'float32', value: Math.fround(value.float32) };
  if (typeof value[0] === 'string') return { type: 'array of string', value: value as readonly string[] };
  if (typeof value[0] === 'object') {
    const floats = value as readonly { readonly float32: number }[];
    return { type: 'array of float32', value: Float32Array.from(floats, ({ float32 }) => float32) };
  }
  return { type: 'array of int32', value: Int32Array.from(value as readonly number[]) };
}

/** Every value by key, without its type; arrays as lists. */
export function plainValues(metadata: GgufMetadata): Record<string, unknown> {
  return Object.fromEntries(
    metadata.keys().map((key) => {
      const { value } = metadata.entry(key)!;
      return [key, typeof value === 'object' ? [...value] : value];
    }),
  );
}
