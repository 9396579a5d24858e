/** Headers of GGUF files, judged beside the reader by a strict reading of the specification. */
import { join } from 'node:path';
import { type GgufHeader, readGgufHeader } from '../../../src/checkpoint/index.ts';
import type { Rng } from '../../../src/numeric/index.ts';
import { changeBytes, randomBytes } from '../kit/change-bytes.ts';
import { type GgufEntry, type GgufPart, type GgufParts, writeGgufParts } from '../kit/gguf-file.ts';
import { DECODABLE, judgeGguf } from '../kit/judge-gguf.ts';
import type { StoredTensor } from '../kit/judge-safetensors.ts';
import { chance, oddName, pick, plainName, words } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

const FILE = 'model.gguf';
const KEYS = [
  'general.architecture',
  'llama.block_count',
  'tokenizer.ggml.tokens',
  'a.b',
  'general.name',
  'x',
];
const SIZES = [0n, 1n, 31n, 33n, 2n ** 16n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

export const gguf = defineTarget<GgufHeader>({
  name: 'gguf',
  weight: 200,
  read: (folder) => readGgufHeader(join(folder, FILE)),
  make: makeGguf,
});

function makeGguf(rng: Rng): FuzzCase<GgufHeader> {
  const changes: string[] = [];
  const parts = makeParts(rng);
  if (chance(rng, 0.55)) changes.push(changeParts(parts, rng));
  if (changes.length > 0 && chance(rng, 0.2)) changes.push(changeParts(parts, rng));
  let bytes = writeGgufParts(parts);
  if (chance(rng, 0.25)) {
    const change = changeBytes(bytes, rng, () => writeGgufParts(makeParts(rng)));
    changes.push(change.what);
    bytes = change.bytes;
  }
  const judged = judgeGguf(bytes);
  return {
    files: { [FILE]: bytes },
    verdict: judged.verdict,
    changes: [...changes, judged.why],
    check: (read) => compare(read, judged.tensors ?? [], judged.metadata ?? new Map(), judged.verdict),
  };
}

function makeParts(rng: Rng): GgufParts {
  const alignment = pick(rng, [32, 32, 32, 8, 16, 64, 128]);
  const entries: GgufEntry[] = [];
  for (let i = rng.integer(7); i > 0; i--) {
    const key = chance(rng, 0.5) ? pick(rng, KEYS) : `k${i}.${rng.integer(100)}`;
    if (entries.every((entry) => entry.key !== key)) entries.push(makeEntry(key, rng));
  }
  if (alignment !== 32 || chance(rng, 0.2))
    entries.splice(rng.integer(entries.length + 1), 0, {
      key: 'general.alignment',
      type: 4,
      value: alignment,
    });
  const infos: GgufParts['infos'] = [];
  let end = 0;
  for (let i = rng.integer(5); i > 0; i--) {
    const type = pick(rng, Object.keys(DECODABLE).map(Number));
    const [, elements, bytes] = DECODABLE[type]!;
    const rest = Array.from({ length: rng.integer(4) }, () => 1 + rng.integer(4));
    const dims = [elements * (1 + rng.integer(3)), ...rest];
    const name = chance(rng, 0.1) ? oddName(rng) : `${plainName(rng)}.${i}`;
    if (infos.some((info) => info.name === name)) continue;
    infos.push({ name, dims: dims.map(BigInt), type, offset: BigInt(end) });
    const length = (dims.reduce((product, extent) => product * extent, 1) / elements) * bytes;
    end = Math.ceil((end + length) / alignment) * alignment;
  }
  return {
    magic: 'GGUF',
    version: pick(rng, [3, 3, 3, 2]),
    entries,
    infos,
    alignment,
    data: new Uint8Array(end),
  };
}

function makeEntry(key: string, rng: Rng): GgufEntry {
  const type = rng.integer(13);
  if (type !== 9) return { key, type, value: makeValue(type, rng) };
  const itemType = pick(rng, [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 10, 11, 12]);
  const items = Array.from({ length: rng.integer(pick(rng, [4, 4, 200])) }, () => makeValue(itemType, rng));
  return { key, type, itemType, value: items };
}

function makeValue(type: number, rng: Rng): GgufPart {
  if (type === 8) return chance(rng, 0.8) ? words(rng) : oddName(rng);
  if (type === 7) return chance(rng, 0.5);
  if (type === 10) return BigInt.asUintN(64, pick(rng, SIZES));
  if (type === 11) return BigInt.asIntN(64, pick(rng, SIZES));
  if (type === 6 || type === 12)
    return pick(rng, [0, 0.5, -1e-5, 1e30, Number.POSITIVE_INFINITY, Number.NaN]);
  const bits = [8, 8, 16, 16, 32, 32][type]!;
  const value = rng.integer(2 ** bits);
  return type % 2 === 1 ? value - 2 ** (bits - 1) : value;
}

/** One change that the format's readers should notice, or not mind. */
export function changeParts(parts: GgufParts, rng: Rng): string {
  const size = pick(rng, SIZES);
  const info = parts.infos[rng.integer(parts.infos.length || 1)];
  const entry = parts.entries[rng.integer(parts.entries.length || 1)];
  switch (rng.integer(16)) {
    case 0:
      parts.saidTensors = pick(rng, [size, BigInt(parts.infos.length + 1)]);
      return `${parts.saidTensors} tensors told`;
    case 1:
      parts.saidEntries = pick(rng, [size, BigInt(parts.entries.length + 1)]);
      return `${parts.saidEntries} entries told`;
    case 2:
      parts.saidKeyLength = size;
      return `a key of ${size} bytes told`;
    case 3:
      if (entry !== undefined)
        parts.entries.push({ ...entry, ...(chance(rng, 0.5) && { type: 4, value: 7 }) });
      return 'a key twice';
    case 4:
      if (info !== undefined) parts.infos.push({ ...info });
      return 'a tensor twice';
    case 5: {
      const value = pick(rng, [0, 1, 2, 3, 4, 24, 33, 2 ** 20, 2 ** 31, 2 ** 32 - 1]);
      parts.entries = parts.entries.filter(({ key }) => key !== 'general.alignment');
      const odd: GgufEntry[] = [
        { key: 'general.alignment', type: 4, value },
        { key: 'general.alignment', type: 10, value: BigInt(value) * 2n ** 32n },
        { key: 'general.alignment', type: 8, value: '32' },
        { key: 'general.alignment', type: 6, value: 32.5 },
        { key: 'general.alignment', type: 9, itemType: 4, value: [32] },
      ];
      parts.entries.push(pick(rng, [odd[0]!, odd[0]!, ...odd]));
      return `alignment ${value}`;
    }
    case 6:
      if (info !== undefined) info.type = pick(rng, [4, 5, 6, 12, 16, 24, 31, 39, 40, 255, 2 ** 31]);
      return 'type of a tensor';
    case 7:
      if (info !== undefined) info.dims[rng.integer(info.dims.length || 1)] = size;
      return `an extent of ${size}`;
    case 8:
      if (info !== undefined)
        info.offset += pick(rng, [1n, 8n, BigInt(parts.alignment), -1n, 2n ** 40n, 2n ** 63n]);
      return 'offset of a tensor';
    case 9:
      if (info !== undefined) info.saidAxes = pick(rng, [0, 5, 9, 255, 2 ** 31, 2 ** 32 - 1]);
      return 'axes of a tensor';
    case 10:
      if (entry !== undefined) entry.type = pick(rng, [0, 4, 7, 8, 9, 10, 13, 255, 2 ** 32 - 1]);
      return 'type of a value';
    case 11:
      if (entry !== undefined)
        Object.assign(entry, { type: 9, itemType: rng.integer(13), value: [], saidCount: size });
      return `an array of ${size} told`;
    case 12: {
      const depth = pick(rng, [2, 3, 100, 20_000]);
      parts.entries.push({ key: 'deep', type: 9, itemType: 9, value: [nestedArrays(depth)] });
      return `arrays in each other, ${depth} deep`;
    }
    case 13:
      parts.version = pick(rng, [0, 1, 4, 3 * 2 ** 24, 2 ** 32 - 1]);
      return `version ${parts.version}`;
    case 14:
      parts.data = chance(rng, 0.5)
        ? parts.data.subarray(0, rng.integer(parts.data.length + 1))
        : randomBytes(rng, 100);
      return 'other data';
    default:
      if (info !== undefined)
        info.name = chance(rng, 0.5) ? oddName(rng) : 'n'.repeat(pick(rng, [63, 64, 65, 70_000]));
      return 'name of a tensor';
  }
}

/** The inside of an array of arrays: type and count, again and again. */
function nestedArrays(depth: number): Uint8Array {
  const level = Buffer.alloc(12);
  level.writeUInt32LE(9);
  level.writeBigUInt64LE(1n, 4);
  const last = Buffer.alloc(12);
  return Buffer.concat([...Array.from({ length: depth - 2 }, () => level), last]);
}

function compare(
  { tensors, metadata }: GgufHeader,
  expected: readonly StoredTensor[],
  values: ReadonlyMap<string, string>,
  verdict: string,
): string | undefined {
  if (verdict !== 'accept') return undefined;
  const wrong = expected.find(({ name, dtype, shape, offset, length }) => {
    const got = tensors.find((tensor) => tensor.name === name);
    return (
      got === undefined ||
      got.dtype !== dtype ||
      got.shape.join() !== shape.join() ||
      got.offset !== offset ||
      got.length !== length
    );
  });
  if (wrong !== undefined || tensors.length !== expected.length)
    return `tensor ${wrong?.name} was read otherwise`;
  for (const [key, text] of values) {
    const got = textOf(metadata.entry(key));
    if (got !== text) return `${key} was read as ${got.slice(0, 200)}, not ${text.slice(0, 200)}`;
  }
  return undefined;
}

function textOf(entry: ReturnType<GgufHeader['metadata']['entry']>): string {
  if (entry === undefined) return 'nothing';
  const { type, value } = entry;
  if (typeof value !== 'object') return String(value);
  const items = Array.from(value as Iterable<unknown>);
  return `[${items.map((item) => (type === 'array of bool' ? item === 1 : item)).join()}]`;
}
