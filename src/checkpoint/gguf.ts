/**
 * Reading the header of a GGUF file: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * What is refused is what llama.cpp refuses (ggml/src/gguf.cpp): keys and tensor names that stand twice, arrays of
 * arrays, names of 64 bytes and more, more than four axes, an alignment that is no power of two in a uint32, tensors
 * that do not follow each other as the alignment says. Beyond that, text must be UTF-8 and a bool 0 or 1, as the
 * format has it.
 */
import { constants } from 'node:buffer';
import { UserError } from '../errors/index.ts';
import { fileEnds, readFirstBytes, SequentialReader, withFile } from '../files/index.ts';
import { refuseOtherKinds } from './file-kind.ts';
import {
  GGUF_VALUE_TYPES,
  type GgufEntry,
  type GgufItems,
  type GgufItemType,
  GgufMetadata,
} from './gguf-metadata.ts';
import { ggufTensorType, MAXIMUM_AXES, MAXIMUM_NAME } from './gguf-types.ts';
import { storedTypeOf, type WeightSource } from './weight-source.ts';

export interface GgufHeader {
  readonly metadata: GgufMetadata;
  /** Under GGUF names; the shape is turned to row-major order (GGUF writes the fastest axis first). */
  readonly tensors: readonly WeightSource[];
}

/** Bytes that the smallest key with its value takes: length, one byte of key, type, one byte of value. */
const SMALLEST_ENTRY = 8 + 1 + 4 + 1;
/** Bytes that the smallest description of a tensor takes: length of the name, count of axes, type, offset. */
const SMALLEST_TENSOR = 8 + 4 + 4 + 8;
const DEFAULT_ALIGNMENT = 32;

/** How a value of a type is read. */
const SCALARS: Readonly<
  Record<Exclude<GgufItemType, 'string'>, (view: DataView) => number | bigint | boolean>
> = {
  uint8: (view) => view.getUint8(0),
  int8: (view) => view.getInt8(0),
  uint16: (view) => view.getUint16(0, true),
  int16: (view) => view.getInt16(0, true),
  uint32: (view) => view.getUint32(0, true),
  int32: (view) => view.getInt32(0, true),
  float32: (view) => view.getFloat32(0, true),
  bool: (view) => view.getUint8(0) === 1,
  uint64: (view) => view.getBigUint64(0, true),
  int64: (view) => view.getBigInt64(0, true),
  float64: (view) => view.getFloat64(0, true),
};

/** Typed arrays as wide as the stored items; x86 and ARM keep numbers in the order of the file. */
const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  bool: Uint8Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float64: Float64Array,
} as const;

/**
 * Reads and checks the header of a GGUF file: every count and length against the bytes that are left, types that can be
 * decoded, data inside the file, tensor behind tensor. Throws {@link UserError} `gguf-invalid`,
 * `weight-type-unsupported`, `file-truncated`, `file-not-found`.
 *
 * @param accept looks at what the model is before its tensors are looked at, and throws for one that is not wanted.
 */
export function readGgufHeader(
  path: string,
  accept: (metadata: GgufMetadata) => void = () => {},
): GgufHeader {
  return withFile(path, (descriptor, fileSize) => {
    refuseOtherKinds(path, readFirstBytes(descriptor, path, fileSize), 'gguf');
    const file = new HeaderReader(path, new SequentialReader(descriptor, path, fileSize));
    const { tensorCount, entryCount } = readCounts(file);
    const metadata = new GgufMetadata(path, readEntries(file, entryCount));
    accept(metadata);
    const alignment = alignmentOf(path, metadata);
    const tensors = readTensors(file, tensorCount);
    placeTensors(path, tensors, file.bytes.position, alignment, fileSize);
    for (const { name, dtype } of tensors) storedTypeOf(name, dtype, path);
    return { metadata, tensors };
  });
}

/** The pieces that a header is made of. */
class HeaderReader {
  readonly path: string;
  readonly bytes: SequentialReader;

  constructor(path: string, bytes: SequentialReader) {
    this.path = path;
    this.bytes = bytes;
  }

  scalar<Type extends Exclude<GgufItemType, 'string'>>(type: Type, what: string) {
    const { buffer, byteOffset, length } = this.bytes.take(ARRAYS[type].BYTES_PER_ELEMENT, what);
    const view = new DataView(buffer, byteOffset, length);
    if (type === 'bool' && view.getUint8(0) > 1) {
      throw invalid(this.path, `${what} is no bool`, `${view.getUint8(0)}`, '0 or 1');
    }
    return SCALARS[type](view);
  }

  uint32(what: string): number {
    return this.scalar('uint32', what) as number;
  }

  /** A count or a place: beyond 2⁵³ no file could hold it. */
  uint64(what: string): number {
    const bytes = this.bytes.take(8, what);
    const high = bytes.readUInt32LE(4);
    if (high < 2 ** 21) return bytes.readUInt32LE(0) + high * 2 ** 32;
    throw invalid(
      this.path,
      `${what} has an impossible size`,
      `${bytes.readBigUInt64LE(0)}`,
      'less than 2⁵³',
    );
  }

  string(what: string): string {
    const length = this.uint64(what);
    this.bytes.require(length, 1, what);
    if (length > constants.MAX_STRING_LENGTH) {
      throw invalid(
        this.path,
        `${what} is too long`,
        `${length} bytes`,
        `at most ${constants.MAX_STRING_LENGTH}`,
      );
    }
    const text = this.bytes.takeText(length, what);
    if (text !== undefined) return text;
    throw invalid(this.path, `${what} is not UTF-8`, `${length} bytes of another encoding`);
  }

  valueType(what: string): (typeof GGUF_VALUE_TYPES)[number] {
    const number = this.uint32(what);
    const type = GGUF_VALUE_TYPES[number];
    if (type !== undefined) return type;
    throw invalid(
      this.path,
      `${what} has an unknown type`,
      `${number}`,
      `0 to ${GGUF_VALUE_TYPES.length - 1}`,
    );
  }

  entry(what: string): GgufEntry {
    const type = this.valueType(what);
    if (type === 'string') return { type, value: this.string(what) };
    if (type !== 'array') return { type, value: this.scalar(type, what) };
    const itemType = this.valueType(what);
    if (itemType === 'array') {
      throw invalid(this.path, `${what} is an array of arrays`, itemType, 'an array of numbers or strings');
    }
    return { type: `array of ${itemType}`, value: this.items(itemType, this.uint64(what), what) };
  }

  items(type: GgufItemType, count: number, what: string): GgufItems {
    if (type === 'string') {
      this.bytes.require(count, 8, what);
      const strings: string[] = [];
      for (let i = 0; i < count; i++) strings.push(this.string(what));
      return strings;
    }
    const Items = ARRAYS[type];
    this.bytes.require(count, Items.BYTES_PER_ELEMENT, what);
    const bytes = this.bytes.take(count * Items.BYTES_PER_ELEMENT, what);
    if (type === 'bool' && bytes.some((byte) => byte > 1)) {
      throw invalid(this.path, `${what} holds a value that is no bool`, 'another byte', '0 or 1');
    }
    return new Items(Uint8Array.from(bytes).buffer);
  }
}

function readCounts(file: HeaderReader): { tensorCount: number; entryCount: number } {
  const { path } = file;
  const magic = file.bytes.take(4, 'the first four bytes').toString('latin1');
  if (magic !== 'GGUF') throw invalid(path, 'it does not begin with GGUF', JSON.stringify(magic), 'GGUF');
  const version = file.uint32('the version');
  if (version !== 0 && (version & 0xffff) === 0) {
    throw invalid(path, 'it is big-endian', `version ${version}`, 'little-endian');
  }
  if (version !== 2 && version !== 3) {
    throw invalid(path, 'its version is not known', `version ${version}`, 'version 2 or 3');
  }
  const tensorCount = file.uint64('the count of tensors');
  const entryCount = file.uint64('the count of keys');
  file.bytes.require(entryCount, SMALLEST_ENTRY, `its ${entryCount} keys`);
  file.bytes.require(tensorCount, SMALLEST_TENSOR, `its ${tensorCount} tensors`);
  return { tensorCount, entryCount };
}

function readEntries(file: HeaderReader, count: number): Map<string, GgufEntry> {
  const entries = new Map<string, GgufEntry>();
  for (let i = 0; i < count; i++) {
    const key = file.string(`key ${i}`);
    if (key === '') throw invalid(file.path, `key ${i} is empty`, 'no characters', 'a name');
    if (entries.has(key)) throw invalid(file.path, `a key stands twice`, key, 'every key once');
    entries.set(key, file.entry(key));
  }
  return entries;
}

function alignmentOf(path: string, metadata: GgufMetadata): number {
  const { type, value } = metadata.entry('general.alignment') ?? {};
  if (type === undefined) return DEFAULT_ALIGNMENT;
  if (type === 'uint32' && typeof value === 'number' && value > 0 && Number.isInteger(Math.log2(value))) {
    return value;
  }
  const got = type.startsWith('array') ? type : `${type} ${value}`;
  throw invalid(path, 'general.alignment cannot be used', got, 'a power of two, as uint32');
}

/** A tensor whose `offset` counts from the start of the data. */
function readTensors(file: HeaderReader, count: number): WeightSource[] {
  const { path } = file;
  const names = new Set<string>();
  const tensors: WeightSource[] = [];
  for (let i = 0; i < count; i++) {
    const name = file.string(`the name of tensor ${i}`);
    if (Buffer.byteLength(name) >= MAXIMUM_NAME || name.includes('\0')) {
      throw invalid(path, `tensor ${i} has an impossible name`, name, `less than ${MAXIMUM_NAME} bytes`);
    }
    if (names.has(name)) throw invalid(path, 'a tensor stands twice', name, 'every tensor once');
    names.add(name);
    const what = `tensor ${name}`;
    const axes = file.uint32(what);
    if (axes > MAXIMUM_AXES) {
      throw invalid(path, `${what} has too many axes`, `${axes}`, `at most ${MAXIMUM_AXES}`);
    }
    const shape = Array.from({ length: axes }, () => file.uint64(what)).reverse();
    const number = file.uint32(what);
    const offset = file.uint64(what);
    const type = ggufTensorType(number);
    // Throws: no type is known under such a name.
    if (type === undefined) storedTypeOf(name, `type ${number}`, path);
    const { name: dtype, elements, bytes } = type!;
    if ((shape.at(-1) ?? 1) % elements !== 0) {
      throw invalid(
        path,
        `rows of ${what} are not whole ${dtype} blocks`,
        `${shape.at(-1)} elements`,
        `a multiple of ${elements}`,
      );
    }
    // In exact integers: extents multiply beyond 2⁵³ in a damaged header.
    const size = shape.reduce((product, extent) => product * BigInt(extent), 1n);
    const length = (size / BigInt(elements)) * BigInt(bytes);
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw invalid(path, `${what} has an impossible shape`, `[${shape.join(', ')}]`, 'less than 2⁵³ bytes');
    }
    tensors.push({ name, dtype, shape, path, offset, length: Number(length) });
  }
  return tensors;
}

/** Checks that tensor follows tensor, each padded to the alignment, and turns offsets into places of the file. */
function placeTensors(
  path: string,
  tensors: WeightSource[],
  headerEnd: number,
  alignment: number,
  fileSize: number,
): void {
  const padded = (size: number) => Math.ceil(size / alignment) * alignment;
  const start = padded(headerEnd);
  let next = 0;
  for (const [i, tensor] of tensors.entries()) {
    const { name, offset, length } = tensor;
    if (offset !== next) {
      const problem = offset < next ? 'overlaps another' : 'leaves a gap before it';
      throw invalid(path, `tensor ${name} ${problem}`, `data begins at byte ${offset}`, `byte ${next}`);
    }
    const end = start + offset + length;
    if (end > fileSize) throw fileEnds(path, fileSize, end, `tensor ${name}`);
    tensors[i] = { ...tensor, offset: start + offset };
    next = padded(offset + length);
  }
}

function invalid(path: string, problem: string, got: string, expected?: string): UserError {
  return new UserError('gguf-invalid', {
    what: `${path} is not a valid GGUF file: ${problem}.`,
    got,
    ...(expected === undefined ? {} : { expected }),
    fix: 'the file is incomplete or damaged: download or convert it again',
  });
}
