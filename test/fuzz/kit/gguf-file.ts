/** GGUF files from their parts, which may contradict each other. */
import { join, textBytes } from './change-bytes.ts';

/** A value with the number of its type; an array has items of one type. */
export interface GgufEntry {
  key: string;
  type: number;
  value: GgufPart;
  /** Of an array. */
  itemType?: number;
  /** Told instead of the true number of items. */
  saidCount?: bigint;
}
export type GgufPart = string | number | bigint | boolean | readonly GgufPart[] | Uint8Array;

export interface GgufInfo {
  name: string;
  dims: bigint[];
  type: number;
  offset: bigint;
  /** Told instead of the true number of axes. */
  saidAxes?: number;
}

export interface GgufParts {
  magic: string;
  version: number;
  entries: GgufEntry[];
  infos: GgufInfo[];
  saidTensors?: bigint;
  saidEntries?: bigint;
  /** Told instead of the true length of the first key. */
  saidKeyLength?: bigint;
  alignment: number;
  data: Uint8Array;
}

export function writeGgufParts(parts: GgufParts): Uint8Array {
  const pieces: Uint8Array[] = [textBytes(parts.magic), u32(parts.version)];
  pieces.push(u64(parts.saidTensors ?? BigInt(parts.infos.length)));
  pieces.push(u64(parts.saidEntries ?? BigInt(parts.entries.length)));
  parts.entries.forEach((entry, index) => {
    const said = index === 0 ? parts.saidKeyLength : undefined;
    pieces.push(string(entry.key, said), u32(entry.type), ...encodeEntry(entry));
  });
  for (const { name, dims, type, offset, saidAxes } of parts.infos)
    pieces.push(string(name), u32(saidAxes ?? dims.length), ...dims.map(u64), u32(type), u64(offset));
  const header = join(...pieces);
  const gap = (parts.alignment - (header.length % parts.alignment)) % parts.alignment;
  return join(header, new Uint8Array(gap), parts.data);
}

function encodeEntry({ type, value, itemType, saidCount }: GgufEntry): Uint8Array[] {
  if (!Array.isArray(value)) return [encode(type, value)];
  const items = value as readonly GgufPart[];
  const inner = itemType ?? 4;
  return [u32(inner), u64(saidCount ?? BigInt(items.length)), ...items.map((item) => encode(inner, item))];
}

/** Bytes of a number by its type; a value that does not fit wraps around. */
function encode(type: number, value: GgufPart): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return string(value);
  if (Array.isArray(value))
    return join(u32(4), u64(BigInt(value.length)), ...value.map((item) => encode(4, item)));
  if (type === 6) return bytesOf(Float32Array.of(Number(value)));
  if (type === 12) return bytesOf(Float64Array.of(Number(value)));
  const size = [1, 1, 2, 2, 4, 4, 4, 1, 4, 4, 8, 8][type] ?? 4;
  const whole =
    typeof value === 'bigint' ? value : BigInt(Number.isFinite(value) ? Math.trunc(Number(value)) : 0);
  return u64(whole).subarray(0, size);
}

const bytesOf = ({ buffer }: { readonly buffer: ArrayBuffer }) => new Uint8Array(buffer);

export function u32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

export function u64(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
}

function string(text: string, saidLength?: bigint): Uint8Array {
  const bytes = textBytes(text);
  return join(u64(saidLength ?? BigInt(bytes.length)), bytes);
}
