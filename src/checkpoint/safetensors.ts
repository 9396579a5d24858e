/**
 * Reading the header of a safetensors file: 8 bytes of header length (little-endian), the header as JSON,
 * then the tensors' bytes without gaps. https://huggingface.co/docs/safetensors#format
 */
import { UserError } from '../errors/index.ts';
import { readExactly, withFile } from '../files/index.ts';
import type { WeightSource } from './weight-source.ts';

export interface SafetensorsHeader {
  readonly tensors: Map<string, WeightSource>;
  /** The header's `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bits of an element, for every type of the format. */
const ELEMENT_BITS: Readonly<Record<string, number>> = {
  ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6 },
  ...{ BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8 },
  ...{ I16: 16, U16: 16, F16: 16, BF16: 16 },
  ...{ I32: 32, U32: 32, F32: 32 },
  ...{ I64: 64, U64: 64, F64: 64, C64: 64 },
};

/** The format's own limit for the header, bytes. */
const MAXIMUM_HEADER = 100_000_000;

/**
 * Reads and checks the header of a safetensors file: known types, exact lengths, and data that the tensors
 * cover from the first byte to the last without gap or overlap.
 * Throws {@link UserError} `safetensors-invalid`, `file-truncated`, `file-not-found`.
 */
export function readSafetensorsHeader(path: string): SafetensorsHeader {
  return withFile(path, (descriptor, fileSize) => {
    const lengthBytes = readExactly(descriptor, path, 0, 8);
    const headerLength = new DataView(lengthBytes.buffer).getBigUint64(0, true);
    if (headerLength > BigInt(MAXIMUM_HEADER)) {
      throw invalid(
        path,
        'its header length is beyond the limit',
        `${headerLength}`,
        `≤ ${MAXIMUM_HEADER} bytes`,
      );
    }
    const headerSize = Number(headerLength);
    const json = parseHeader(path, readExactly(descriptor, path, 8, headerSize));
    const { __metadata__: metadata, ...entries } = json;
    const dataStart = 8 + headerSize;
    const tensors = Object.entries(entries).map(([name, entry]) => parseEntry(path, name, entry, dataStart));
    checkCoverage(path, tensors, dataStart, fileSize);
    return { tensors: new Map(tensors.map((t) => [t.name, t])), metadata: parseMetadata(path, metadata) };
  });
}

function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid(path, 'its header is not JSON', error instanceof Error ? error.message : String(error));
  }
  if (!isRecord(json)) throw invalid(path, 'its header is not a JSON object', typeof json);
  return json;
}

function parseMetadata(path: string, metadata: unknown): Readonly<Record<string, string>> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw invalid(path, '__metadata__ is not a map of strings', JSON.stringify(metadata));
  }
  return metadata as Record<string, string>;
}

function parseEntry(path: string, name: string, entry: unknown, dataStart: number): WeightSource {
  const { dtype, shape, data_offsets: offsets } = isRecord(entry) ? entry : {};
  const bits =
    typeof dtype === 'string' && Object.hasOwn(ELEMENT_BITS, dtype) ? ELEMENT_BITS[dtype] : undefined;
  if (typeof dtype !== 'string' || bits === undefined) {
    throw invalid(
      path,
      `tensor ${name} has an unknown dtype`,
      show(dtype),
      Object.keys(ELEMENT_BITS).join(', '),
    );
  }
  if (!isSizes(shape)) {
    throw invalid(path, `tensor ${name} has an impossible shape`, show(shape), 'a list of whole numbers ≥ 0');
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw invalid(
      path,
      `tensor ${name} has impossible data_offsets`,
      show(offsets),
      '[begin, end], begin ≤ end',
    );
  }
  const [begin, end] = offsets as [number, number];
  // In exact integers: extents multiply beyond 2⁵³ in a damaged header.
  const elementBits = shape.reduce((product, extent) => product * BigInt(extent), BigInt(bits));
  if (elementBits !== BigInt(end - begin) * 8n) {
    const expected = `${elementBits / 8n} bytes for ${dtype} [${shape.join(', ')}]`;
    throw invalid(path, `tensor ${name} has the wrong length`, `${end - begin} bytes`, expected);
  }
  return { name, dtype, shape, path, offset: dataStart + begin, length: end - begin };
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
  if (end > fileSize) {
    throw new UserError('file-truncated', {
      what: `${path} ends before its tensors do.`,
      got: `${fileSize} bytes`,
      expected: `${end} bytes`,
      fix: 'the copy is incomplete: download or copy the file again',
    });
  }
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
