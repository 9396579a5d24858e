/** GGUF headers made byte by byte: what llama.cpp refuses is refused, before anything is allocated. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readGgufHeader } from './gguf.ts';

const folder = mkdtempSync(join(tmpdir(), 'gguf-malformed-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'odd.gguf');

const u8 = (value: number) => Buffer.from([value]);
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string | Buffer) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const entry = (key: string | Buffer, type: number, ...value: Buffer[]) =>
  Buffer.concat([text(key), u32(type), ...value]);
const alignment = (value: number) => entry('general.alignment', 4, u32(value));

interface TensorParts {
  readonly name?: string | Buffer;
  readonly extents?: readonly (number | bigint)[];
  readonly axes?: number;
  readonly type?: number;
  readonly offset?: number | bigint;
}
const tensor = ({
  name = 'w',
  extents = [8],
  axes = extents.length,
  type = 0,
  offset = 0,
}: TensorParts = {}) => Buffer.concat([text(name), u32(axes), ...extents.map(u64), u32(type), u64(offset)]);

interface Parts {
  readonly magic?: string;
  readonly version?: number;
  readonly entries?: readonly Buffer[];
  readonly tensors?: readonly Buffer[];
  readonly entryCount?: number | bigint;
  readonly tensorCount?: number | bigint;
  /** What the data begins at a multiple of. */
  readonly pad?: number;
  readonly data?: number;
}
function write({
  magic = 'GGUF',
  version = 3,
  entries = [],
  tensors = [],
  pad = 32,
  data = 64,
  ...counts
}: Parts) {
  const { entryCount = entries.length, tensorCount = tensors.length } = counts;
  const head = Buffer.concat([
    Buffer.from(magic),
    u32(version),
    u64(tensorCount),
    u64(entryCount),
    ...entries,
    ...tensors,
  ]);
  writeFileSync(
    path,
    Buffer.concat([head, Buffer.alloc((pad - (head.length % pad)) % pad), Buffer.alloc(data)]),
  );
}
const read = (parts: Parts) => {
  write(parts);
  return readGgufHeader(path);
};

const big = 2n ** 63n;
const invalid: [what: string, parts: Parts, message: RegExp][] = [
  ['another magic', { magic: 'GGUX' }, /does not begin with GGUF/],
  ['version 1', { version: 1 }, /version 1/],
  ['version 4', { version: 4 }, /version 4/],
  ['version 0', { version: 0 }, /version 0/],
  ['a big-endian file', { version: 0x03000000 }, /big-endian/],
  ['a key twice', { entries: [entry('a', 4, u32(1)), entry('a', 4, u32(1))] }, /a key stands twice.*a\n/s],
  ['an empty key', { entries: [entry('', 4, u32(1))] }, /key 0 is empty/],
  ['a key that is no UTF-8', { entries: [entry(Buffer.of(0xff), 4, u32(1))] }, /not UTF-8/],
  ['a text that is no UTF-8', { entries: [entry('a', 8, text(Buffer.of(0xe6, 0x97)))] }, /not UTF-8/],
  ['an unknown type', { entries: [entry('a', 13, u32(1))] }, /a has an unknown type.*13/s],
  ['a bool of 2', { entries: [entry('a', 7, u8(2))] }, /no bool.*2/s],
  ['a bool of 2 in a list', { entries: [entry('a', 9, u32(7), u64(2), u8(1), u8(2))] }, /no bool/],
  ['a list of lists', { entries: [entry('a', 9, u32(9), u64(1), u32(4), u64(0))] }, /array of arrays/],
  ['a list of an unknown type', { entries: [entry('a', 9, u32(99), u64(0))] }, /unknown type/],
  ['alignment 0', { entries: [alignment(0)] }, /general\.alignment.*uint32 0/s],
  ['alignment 3', { entries: [alignment(3)] }, /general\.alignment.*uint32 3/s],
  ['alignment 2³²', { entries: [entry('general.alignment', 10, u64(2 ** 32))] }, /uint64 4294967296/],
  ['alignment 64 as uint64', { entries: [entry('general.alignment', 10, u64(64))] }, /uint64 64/],
  ['alignment as text', { entries: [entry('general.alignment', 8, text('32'))] }, /string 32/],
  ['a tensor twice', { tensors: [tensor(), tensor({ offset: 32 })] }, /a tensor stands twice/],
  ['a name of 64 bytes', { tensors: [tensor({ name: 'n'.repeat(64) })] }, /impossible name/],
  ['a name with a zero', { tensors: [tensor({ name: 'w\0' })] }, /impossible name/],
  ['five axes', { tensors: [tensor({ extents: [1, 1, 1, 1, 1] })] }, /too many axes.*5/s],
  ['four billion axes', { tensors: [tensor({ axes: 2 ** 32 - 1 })] }, /too many axes/],
  ['an extent of −1', { tensors: [tensor({ extents: [2n ** 64n - 1n] })] }, /impossible size/],
  ['extents beyond 2⁶³', { tensors: [tensor({ extents: [2n ** 32n, 2n ** 32n] })] }, /impossible shape/],
  ['an offset beyond 2⁵³', { tensors: [tensor({ offset: big })] }, /impossible size/],
  ['partial blocks', { tensors: [tensor({ extents: [33], type: 8 })] }, /not whole Q8_0 blocks/],
  ['an overlap', { tensors: [tensor(), tensor({ name: 'b' })] }, /tensor b overlaps/],
  ['a gap', { tensors: [tensor(), tensor({ name: 'b', offset: 64 })], data: 128 }, /tensor b leaves a gap/],
  ['a tensor that is not aligned', { tensors: [tensor({ offset: 4 })] }, /leaves a gap/],
];

const truncated: [what: string, parts: Parts][] = [
  ['two million tensors in a few bytes', { tensorCount: 2_000_000 }],
  ['2⁵³ − 1 keys', { entryCount: 2n ** 53n - 1n }],
  ['a key longer than the file', { entries: [Buffer.concat([u64(1_000_000_000), Buffer.from('a')])] }],
  ['a text longer than the file', { entries: [entry('a', 8, u64(1_000_000_000))] }],
  ['a list longer than the file', { entries: [entry('a', 9, u32(0), u64(1_000_000_000))] }],
  ['a list of texts longer than the file', { entries: [entry('a', 9, u32(8), u64(1_000_000_000))] }],
  ['a list whose bytes overflow', { entries: [entry('a', 9, u32(12), u64(2n ** 53n - 1n))] }],
  ['a tensor longer than the file', { tensors: [tensor({ extents: [1_000_000_000] })] }],
  ['a tensor that ends one byte late', { tensors: [tensor({ extents: [17] })], data: 67 }],
  ['no data at all', { tensors: [tensor()], data: 0 }],
];

describe('readGgufHeader refuses', () => {
  it.each(invalid)('%s', (_, parts, message) => {
    expect(() => read(parts)).toThrow(expect.objectContaining({ code: 'gguf-invalid' }));
    expect(() => read(parts)).toThrow(message);
  });

  it.each(truncated)('%s', (_, parts) => {
    const before = process.memoryUsage();
    expect(() => read(parts)).toThrow(expect.objectContaining({ code: 'file-truncated' }));
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4e6);
  });

  it('2⁵³ and more of anything', () => {
    for (const parts of [
      { tensorCount: big },
      { entryCount: big },
      { entries: [entry('a', 9, u32(0), u64(big))] },
    ]) {
      expect(() => read(parts)).toThrow(/impossible size/);
    }
  });

  it('types that cannot be decoded, once the file is known to be whole', () => {
    const unsupported = expect.objectContaining({ code: 'weight-type-unsupported' });
    expect(() => read({ tensors: [tensor({ extents: [256], type: 22 })], data: 82 })).toThrow(unsupported);
    expect(() => read({ tensors: [tensor({ extents: [256], type: 22 })], data: 81 })).toThrow(
      /ends too early/,
    );
    for (const type of [4, 31, 42, 2 ** 31]) {
      expect(() => read({ tensors: [tensor({ type })] }), `type ${type}`).toThrow(unsupported);
    }
  });

  it('a header cut off at any byte', () => {
    const parts = {
      entries: [entry('a', 9, u32(8), u64(2), text('日'), text('')), alignment(8), entry('b', 12, u64(0))],
      tensors: [tensor(), tensor({ name: 'b', extents: [1, 2], offset: 32 })],
      pad: 8,
      data: 40,
    };
    write(parts);
    const whole = readGgufHeader(path);
    expect(whole.tensors.map(({ shape }) => shape)).toEqual([[8], [2, 1]]);
    const size = whole.tensors[1]!.offset + whole.tensors[1]!.length;
    for (let kept = size - 1; kept >= 0; kept--) {
      truncateSync(path, kept);
      expect(() => readGgufHeader(path), `${kept} bytes`).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(gguf-invalid|file-truncated)$/) }),
      );
    }
  });
});

describe('readGgufHeader reads', () => {
  it.each([1, 2, 8, 4096])('data at multiples of %i', (value) => {
    const parts = { entries: [alignment(value)], pad: value, data: 8192 };
    const [first, second] = read({
      ...parts,
      tensors: [tensor({ extents: [1] }), tensor({ name: 'b', offset: Math.max(4, value) })],
    }).tensors;
    expect(second!.offset - first!.offset).toBe(Math.max(4, value));
    expect(first!.offset % value).toBe(0);
  });

  it('a file without anything, and tensors without values', () => {
    expect(read({ data: 0 }).tensors).toEqual([]);
    const { tensors } = read({ tensors: [tensor({ extents: [0, 5] }), tensor({ name: 'b', extents: [] })] });
    expect(tensors.map(({ shape, length }) => [shape, length])).toEqual([
      [[5, 0], 0],
      [[], 4],
    ]);
  });

  it('values by kind, and refuses to take one kind for another', () => {
    const { metadata } = read({
      entries: [
        entry('wide', 10, u64(7)),
        entry('huge', 10, u64(2n ** 64n - 1n)),
        entry('negative', 5, Buffer.from(Int32Array.of(-1).buffer)),
        entry('half', 6, Buffer.from(Float32Array.of(0.5).buffer)),
        entry('nan', 6, Buffer.from(Float32Array.of(Number.NaN).buffer)),
        entry('yes', 7, u8(1)),
        entry('word', 8, text('7')),
        entry('words', 9, u32(8), u64(2), text('a'), text('')),
        entry('shorts', 9, u32(3), u64(2), Buffer.from(Int16Array.of(-1, 2).buffer)),
        entry('none', 9, u32(5), u64(0)),
      ],
    });
    const wrong = expect.objectContaining({ code: 'gguf-invalid' });
    expect(metadata.integer('wide')).toBe(7);
    expect(metadata.integer('wide', 8)).toBe(7);
    expect(() => metadata.integer('wide', 7)).toThrow(/wide.*uint64 7.*uint32 below 7/s);
    for (const key of ['huge', 'negative', 'half', 'yes', 'word', 'shorts']) {
      expect(() => metadata.integer(key), key).toThrow(wrong);
    }
    expect(metadata.number('half')).toBe(0.5);
    expect(metadata.number('wide')).toBe(7);
    for (const key of ['nan', 'yes', 'word', 'words']) expect(() => metadata.number(key), key).toThrow(wrong);
    expect(metadata.boolean('yes')).toBe(true);
    expect(() => metadata.boolean('wide')).toThrow(wrong);
    expect(metadata.string('word')).toBe('7');
    expect(() => metadata.string('words')).toThrow(/array of string, 2 items.*string/s);
    expect(metadata.strings('words')).toEqual(['a', '']);
    expect(() => metadata.strings('shorts')).toThrow(wrong);
    expect(metadata.integers('shorts')).toEqual([-1, 2]);
    expect(metadata.integers('none')).toEqual([]);
    expect(() => metadata.integers('words')).toThrow(wrong);
    expect(() => metadata.integers('wide')).toThrow(wrong);
    for (const kind of ['string', 'boolean', 'integer', 'number', 'strings', 'integers'] as const) {
      expect(metadata[kind]('absent'), kind).toBeUndefined();
    }
  });
});
