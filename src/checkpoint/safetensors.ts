/**
 * Reading the header of a safetensors file: 8 bytes of header length (little-endian), the header as JSON,
 * then the tensors' bytes without gaps. https://huggingface.co/docs/safetensors#format
 *
 * What is read is what the reference implementation reads, and beyond that the format's own words hold: a header begins
 * with `{`, and no key stands twice.
 */
import { UserError } from '../errors/index.ts';
import { fileEnds, JsonScanner, readExactly, readFirstBytes, withFile } from '../files/index.ts';
import { refuseOtherKinds } from './file-kind.ts';
import type { WeightSource } from './weight-source.ts';

export interface SafetensorsHeader {
  readonly tensors: Map<string, WeightSource>;
  /** The header's `__metadata__`; without a prototype, so that only its own keys are there. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bits of an element, for every type of the format. */
const ELEMENT_BITS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6 },
    ...{ BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8 },
    ...{ I16: 16, U16: 16, F16: 16, BF16: 16 },
    ...{ I32: 32, U32: 32, F32: 32 },
    ...{ I64: 64, U64: 64, F64: 64, C64: 64 },
  }),
);

/** The format's own limit for the header, bytes. */
const MAXIMUM_HEADER = 100_000_000;
/** Keys of `__metadata__`: in memory they take far more than in the file, and no writer has a thousandth of this. */
const MAXIMUM_METADATA = 100_000;
/** What the reference counts a tensor's bits in. */
const MAXIMUM_BITS = 2n ** 64n;

/**
 * Reads and checks the header of a safetensors file: a length that the file has, known types, exact lengths, and data
 * that the tensors cover from the first byte to the last without gap or overlap.
 * Throws {@link UserError} `safetensors-invalid`, `file-truncated`, `file-not-found`, `file-not-readable`.
 */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  return withFile(path, (descriptor, fileSize) => {
    const first = readFirstBytes(descriptor, path, fileSize);
    refuseOtherKinds(path, first, 'safetensors');
    if (fileSize < 8) throw fileEnds(path, fileSize, 8, 'the length of its header');
    const headerLength = Buffer.from(first).readBigUInt64LE(0);
    if (headerLength > BigInt(MAXIMUM_HEADER)) {
      throw invalid(
        path,
        'its header length is beyond the limit',
        `${headerLength}`,
        `≤ ${MAXIMUM_HEADER} bytes`,
      );
    }
    const dataStart = 8 + Number(headerLength);
    if (dataStart > fileSize) throw fileEnds(path, fileSize, dataStart, 'its header');
    const text = decodeHeader(path, readExactly(descriptor, path, 8, dataStart - 8));
    const { tensors, metadata } = parseHeader(path, text, dataStart);
    checkCoverage(path, tensors, dataStart, fileSize);
    return { tensors: new Map(tensors.map((t) => [t.name, t])), metadata };
  });
}

function decodeHeader(path: string, bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(path, 'its header is not JSON', 'bytes that are no UTF-8');
  }
  if (text.startsWith('{')) return text;
  throw invalid(
    path,
    'its header is not a JSON object',
    JSON.stringify(text.slice(0, 20)),
    '{ as its first byte',
  );
}

function parseHeader(path: string, text: string, dataStart: number) {
  const scanner = new JsonScanner(text);
  const tensors: WeightSource[] = [];
  const metadata: Record<string, string> = Object.create(null);
  let place = 'its first value';
  try {
    scanner.object((name) => {
      place = name === '__metadata__' ? name : `tensor ${name}`;
      if (name !== '__metadata__') tensors.push(toSource(path, name, scanEntry(scanner), dataStart));
      // Written by some as null for none.
      else if (!scanner.takeNull()) {
        let count = 0;
        scanner.object((key) => {
          if (++count > MAXIMUM_METADATA) throw new SyntaxError(`more than ${MAXIMUM_METADATA} keys`);
          metadata[key] = scanner.string();
        });
      }
    });
    scanner.end();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalid(path, 'its header is not JSON as the format has it', `${place}: ${error.message}`);
  }
  return { tensors, metadata };
}

/** What a tensor's entry says; sizes as they are written. */
interface Entry {
  dtype?: string;
  shape?: string;
  offsets?: string;
}

function scanEntry(scanner: JsonScanner): Entry {
  const entry: Entry = {};
  scanner.object((key) => {
    if (key === 'dtype') entry.dtype = scanner.string();
    else if (key === 'shape') entry.shape = scanner.raw();
    else if (key === 'data_offsets') entry.offsets = scanner.raw();
    else scanner.raw();
  });
  return entry;
}

function toSource(path: string, name: string, entry: Entry, dataStart: number): WeightSource {
  const { dtype = '' } = entry;
  const bits = ELEMENT_BITS.get(dtype);
  if (bits === undefined) {
    throw invalid(
      path,
      `tensor ${name} has an unknown dtype`,
      entry.dtype ?? 'nothing',
      [...ELEMENT_BITS.keys()].join(', '),
    );
  }
  const shape = sizes(entry.shape);
  if (shape === undefined) {
    throw invalid(
      path,
      `tensor ${name} has an impossible shape`,
      entry.shape ?? 'nothing',
      'a list of whole numbers ≥ 0',
    );
  }
  const [begin, end, ...more] = sizes(entry.offsets) ?? [];
  if (begin === undefined || end === undefined || begin > end || more.length > 0) {
    throw invalid(
      path,
      `tensor ${name} has impossible data_offsets`,
      entry.offsets ?? 'nothing',
      '[begin, end], begin ≤ end',
    );
  }
  const elementBits = bitsOf(shape, bits);
  if (elementBits !== BigInt(end - begin) * 8n) {
    const expected =
      elementBits === undefined
        ? 'extents whose product a file can hold'
        : `${elementBits / 8n} bytes for ${dtype} [${shape.join(', ')}]`;
    throw invalid(path, `tensor ${name} has the wrong length`, `${end - begin} bytes`, expected);
  }
  return { name, dtype, shape, path, offset: dataStart + begin, length: end - begin };
}

/** The numbers in a JSON list of whole numbers below 2⁵³, written in digits alone. */
function sizes(written: string | undefined): number[] | undefined {
  if (written === undefined || !/^\[[\s\d,]*\]$/.test(written)) return undefined;
  const list = JSON.parse(written) as number[];
  return list.every(Number.isSafeInteger) ? list : undefined;
}

/** Bits of a tensor, multiplied up in exact integers; undefined beyond 64 of theirs, as in the reference. */
function bitsOf(shape: readonly number[], elementBits: number): bigint | undefined {
  let bits = BigInt(elementBits);
  for (const extent of shape) {
    bits *= BigInt(extent);
    if (bits >= MAXIMUM_BITS) return undefined;
  }
  return bits;
}

function checkCoverage(path: string, tensors: WeightSource[], dataStart: number, fileSize: number): void {
  let end = dataStart;
  for (const tensor of tensors.toSorted((a, b) => a.offset - b.offset || a.length - b.length)) {
    if (tensor.offset !== end) {
      const problem = tensor.offset < end ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw invalid(
        path,
        `tensor ${tensor.name} ${problem}`,
        `data begins at byte ${tensor.offset - dataStart}`,
        `byte ${end - dataStart}`,
      );
    }
    end = tensor.offset + tensor.length;
  }
  if (end > fileSize) throw fileEnds(path, fileSize, end, 'its tensors');
  if (end < fileSize) {
    throw invalid(path, 'bytes follow the last tensor', `${fileSize} bytes`, `${end} bytes`);
  }
}

function invalid(path: string, problem: string, got: string, expected?: string): UserError {
  return new UserError('safetensors-invalid', {
    what: `${path} is not a valid safetensors file: ${problem}.`,
    got,
    ...(expected === undefined ? {} : { expected }),
    fix: 'the file is damaged or was written wrongly: download or convert it again',
  });
}
