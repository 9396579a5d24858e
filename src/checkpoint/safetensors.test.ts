import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { float32, int64, type Tensor, tensor } from '../numeric/index.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { type HalfTensor, writeSafetensors } from './safetensors-write.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'model.safetensors');

/** A file with this header and `size` bytes of data. */
function writeRaw(header: unknown, size: number): void {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, Buffer.alloc(size)]));
}

const bytesAt = (offset: number, length: number) => readFileSync(path).subarray(offset, offset + length);

describe('writeSafetensors', () => {
  it('writes what the reader finds, aligned, with metadata', async () => {
    const half: HalfTensor = { dtype: 'BF16', shape: [3], data: Uint16Array.of(0x3f80, 0, 0xc000) };
    const flags = tensor('bool', [1], Uint8Array.of(1));
    await writeSafetensors(
      path,
      { flags, half, w: float32([2, 2], [1, 2, 3, 4]), step: int64([], [7]) },
      { format: 'pt', note: 'ünï' },
    );
    const { tensors, metadata } = readSafetensorsHeader(path);
    expect(metadata).toEqual({ format: 'pt', note: 'ünï' });
    expect([...tensors.keys()]).toEqual(['step', 'w', 'half', 'flags']);
    expect(tensors.get('step')).toMatchObject({ dtype: 'I64', shape: [], length: 8 });
    expect(tensors.get('half')).toMatchObject({ dtype: 'BF16', shape: [3], length: 6 });
    expect(tensors.get('flags')).toMatchObject({ dtype: 'BOOL', shape: [1], length: 1 });
    const w = tensors.get('w')!;
    expect(w.offset % 8).toBe(0);
    expect([...bytesAt(w.offset, w.length)]).toEqual([...new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)]);
    expect(readdirSync(folder)).toEqual(['model.safetensors']);
  });

  it('keeps names, shapes and bytes of any tensors', async () => {
    const anyTensor = fc.array(fc.nat(3), { maxLength: 3 }).chain((shape) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return fc
        .array(fc.float({ noNaN: true }), { minLength: size, maxLength: size })
        .map((values): Tensor => float32(shape, values));
    });
    const name = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.startsWith('__'));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, anyTensor, { noNullPrototype: true }), async (given) => {
        await writeSafetensors(path, given);
        const { tensors } = readSafetensorsHeader(path);
        expect(new Set(tensors.keys())).toEqual(new Set(Object.keys(given)));
        for (const [key, { shape, data }] of Object.entries(given)) {
          const found = tensors.get(key)!;
          expect(found.shape).toEqual(shape);
          const expected = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
          expect(bytesAt(found.offset, found.length).equals(expected)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('leaves nothing behind when it cannot write', async () => {
    const file = join(folder, 'plain');
    writeFileSync(file, '');
    await expect(writeSafetensors(join(file, 'below'), {})).rejects.toMatchObject({ code: 'cannot-write' });
    // A folder in the place of the file: the temporary file is written, the renaming fails.
    const before = readdirSync(folder);
    await expect(writeSafetensors(folder, {})).rejects.toMatchObject({ code: 'cannot-write' });
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('readSafetensorsHeader refuses', () => {
  const f32 = (shape: unknown, ...offsets: unknown[]) => ({ dtype: 'F32', shape, data_offsets: offsets });
  it.each([
    ['a header that is no JSON', '{"w": ', 0, /header is not JSON/],
    ['a header that is a list', '[]', 0, /not a JSON object/],
    [
      'an unknown dtype',
      { w: { ...f32([1], 0, 4), dtype: 'F99' } },
      4,
      /tensor w has an unknown dtype.*F99/s,
    ],
    ['an inherited property as dtype', { w: { ...f32([1], 0, 4), dtype: 'toString' } }, 4, /unknown dtype/],
    ['a negative extent', { w: f32([-1], 0, 4) }, 4, /impossible shape.*\[-1\]/s],
    ['a fractional extent', { w: f32([1.5], 0, 6) }, 6, /impossible shape/],
    ['offsets the wrong way round', { w: f32([1], 4, 0) }, 4, /impossible data_offsets/],
    ['missing offsets', { w: { dtype: 'F32', shape: [1] } }, 4, /impossible data_offsets.*nothing/s],
    [
      'a length that does not fit the shape',
      { w: f32([2, 2], 0, 12) },
      12,
      /wrong length.*12 bytes.*16 bytes/s,
    ],
    ['extents that overflow', { w: f32([2 ** 40, 2 ** 40], 0, 4) }, 4, /wrong length/],
    ['an overlap', { a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8, /tensor b overlaps/],
    ['a gap', { a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12, /tensor b leaves a gap.*byte 8.*byte 4/s],
    ['a gap at the beginning', { a: f32([1], 4, 8) }, 8, /tensor a leaves a gap/],
    ['bytes after the last tensor', { a: f32([1], 0, 4) }, 5, /bytes follow/],
    ['metadata that are no strings', { __metadata__: { a: 1 } }, 0, /__metadata__/],
  ])('%s', (_, header, size, message) => {
    writeRaw(header, size);
    expect(() => readSafetensorsHeader(path)).toThrow(message);
    expect(() => readSafetensorsHeader(path)).toThrow(
      expect.objectContaining({ code: 'safetensors-invalid' }),
    );
  });

  it('a file that is cut off in its data, its header or its length', () => {
    writeRaw({ w: f32([4], 0, 16) }, 15);
    const truncated = expect.objectContaining({ code: 'file-truncated' });
    expect(() => readSafetensorsHeader(path)).toThrow(truncated);
    writeFileSync(path, readFileSync(path).subarray(0, 20));
    expect(() => readSafetensorsHeader(path)).toThrow(truncated);
    writeFileSync(path, 'abc');
    expect(() => readSafetensorsHeader(path)).toThrow(truncated);
  });

  it('a header length beyond the limit, before reading it', () => {
    writeFileSync(path, Buffer.alloc(64, 0xff));
    expect(() => readSafetensorsHeader(path)).toThrow(/header length is beyond the limit/);
  });

  it('headers that would take more than their file has, quickly', () => {
    const entry = (shape: string) => `{"w":{"dtype":"F32","shape":${shape},"data_offsets":[0,4]}}`;
    const refuse = (header: string | object, message: RegExp) => {
      writeRaw(header, 4);
      expect(() => readSafetensorsHeader(path)).toThrow(message);
    };
    refuse('['.repeat(1_000_000), /not a JSON object/);
    refuse(`{"w":${'['.repeat(1_000_000)}`, /tensor w/);
    refuse(`{"w":{"note":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`, /more than 128 deep/);
    refuse(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, /header is not JSON/);
    refuse(entry(`[${'2,'.repeat(100_000)}2]`), /wrong length/);
    refuse(entry(`[${'9007199254740991,'.repeat(100_000)}2]`), /wrong length/);
    refuse(
      { w: f32([0, 1], 0, 4), ['n'.repeat(5_000_000)]: { dtype: 'x'.repeat(5_000_000) } },
      /wrong length/,
    );
    refuse({ ['n'.repeat(5_000_000)]: { dtype: 'x'.repeat(5_000_000) } }, /\(50001\d\d characters\)/);
    writeFileSync(
      path,
      Buffer.concat([Buffer.from([0, 0xe1, 0xf5, 5, 0, 0, 0, 0]), Buffer.from('{}      ')]),
    );
    expect(() => readSafetensorsHeader(path)).toThrow(
      expect.objectContaining({
        code: 'file-truncated',
        message: expect.stringMatching(/16 bytes.*100000008/s),
      }),
    );
  });

  it('opens a shape of a hundred thousand ones, as the reference does', () => {
    writeRaw(`{"w":{"dtype":"F32","shape":[${'1,'.repeat(99_999)}1],"data_offsets":[0,4]}}`, 4);
    expect(readSafetensorsHeader(path).tensors.get('w')!.shape).toHaveLength(100_000);
  });

  it('a file that is not there', () => {
    const missing = join(folder, 'missing');
    expect(() => readSafetensorsHeader(missing)).toThrow(expect.objectContaining({ code: 'file-not-found' }));
  });
});

describe('odd files are read as the safetensors package reads them', () => {
  interface Case {
    readonly name: string;
    readonly file: string;
    readonly opens: boolean;
    readonly names?: string[];
    readonly metadata?: Record<string, string>;
  }
  const reference = new URL('../../test/reference/safetensors/cases.json', import.meta.url);
  const cases = JSON.parse(readFileSync(reference, 'utf8')) as Case[];
  /** What the package opens and the format's own text forbids, and sizes beyond what a JavaScript number holds. */
  const stricter = new Map([
    ['leading space', /header is not a JSON object/],
    ['leading newline', /header is not a JSON object/],
    ['dup name same', /the key "w" stands twice/],
    ['dup key in metadata', /the key "a" stands twice/],
    ['tensor as array', /\{ is wanted, found \[/],
    ['shape 2^62,0', /impossible shape/],
    ['shape 2^53+1,0', /impossible shape/],
  ]);

  it.each(cases)('$name', ({ name, file, opens, names, metadata }) => {
    writeFileSync(path, Buffer.from(file, 'base64'));
    if (!opens || stricter.has(name)) {
      expect(() => readSafetensorsHeader(path)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(safetensors-invalid|file-truncated)$/) }),
      );
      if (opens) expect(() => readSafetensorsHeader(path)).toThrow(stricter.get(name));
      return;
    }
    const header = readSafetensorsHeader(path);
    expect([...header.tensors.keys()].toSorted()).toEqual(names);
    expect({ ...header.metadata }).toEqual(metadata);
  });
});
