/** llama.cpp opens the headers that we open, and refuses those that we refuse. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint, writeGguf } from '../../src/checkpoint/index.ts';
import { IDS, METADATA, tensors } from './tiny-llama.ts';
import { findLlamaCpp, llamaLogits } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'interop-header-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'tiny.gguf');

const llamaCpp = await findLlamaCpp();
const reason = llamaCpp.missing === undefined ? '' : ` (skipped: ${llamaCpp.missing})`;

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const text = (value: string | Buffer) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const entry = (key: string, type: number, ...value: Buffer[]) =>
  Buffer.concat([text(key), u32(type), ...value]);

/** The file with more keys in front, its data moved to where `alignment` has it. */
function withKeys(whole: Buffer, keys: readonly Buffer[], alignment = 32): Buffer {
  const counts = Buffer.from(whole.subarray(0, 24));
  counts.writeBigUInt64LE(counts.readBigUInt64LE(16) + BigInt(keys.length), 16);
  const added = Buffer.concat(keys);
  const [dataStart, headerEnd] = places(whole);
  const header = Buffer.concat([counts, added, whole.subarray(24, headerEnd)]);
  const pad = Buffer.alloc((alignment - (header.length % alignment)) % alignment);
  return Buffer.concat([header, pad, whole.subarray(dataStart)]);
}

/** Where data begins, and where the header ends: behind type and offset of the last tensor. */
function places(whole: Buffer): [number, number] {
  const last = tensors().at(-1)!;
  const end = whole.indexOf(last.name) + last.name.length + 4 + 8 * last.shape.length + 4 + 8;
  return [Math.ceil(end / 32) * 32, end];
}

const replaced = (whole: Buffer, from: string, to: string) => {
  const bytes = Buffer.from(whole);
  bytes.write(to, bytes.indexOf(from), 'latin1');
  return bytes;
};
const version = (whole: Buffer, value: number) => {
  const bytes = Buffer.from(whole);
  bytes.writeUInt32LE(value, 4);
  return bytes;
};
const aligned = (type: number, ...value: Buffer[]) => entry('general.alignment', type, ...value);

type Change = readonly [what: string, change: (whole: Buffer) => Buffer];
/**
 * All tensors have lengths that are multiples of 128, so these alignments leave them where they are. Alignments below 32
 * pass llama.cpp's reader of headers too, but its engine aborts at data that begin elsewhere.
 */
const OPENED: readonly Change[] = [
  ['nothing changed', (whole) => whole],
  ['version 2', (whole) => version(whole, 2)],
  ['alignment 64', (whole) => withKeys(whole, [aligned(4, u32(64))], 64)],
  ['alignment 128', (whole) => withKeys(whole, [aligned(4, u32(128))], 128)],
  [
    'a text of three million bytes',
    (whole) => withKeys(whole, [entry('long', 8, text('x'.repeat(3_000_000)))]),
  ],
  ['an empty list', (whole) => withKeys(whole, [entry('none', 9, u32(8), u64(0))])],
];
const REFUSED: readonly Change[] = [
  ['version 1', (whole) => version(whole, 1)],
  ['version 4', (whole) => version(whole, 4)],
  ['a big-endian version', (whole) => version(whole, 0x03000000)],
  ['alignment 3', (whole) => withKeys(whole, [aligned(4, u32(3))])],
  ['alignment 0', (whole) => withKeys(whole, [aligned(4, u32(0))])],
  ['alignment 2³²', (whole) => withKeys(whole, [aligned(10, u64(2 ** 32))])],
  ['alignment 32 as uint64', (whole) => withKeys(whole, [aligned(10, u64(32))])],
  ['alignment as text', (whole) => withKeys(whole, [aligned(8, text('32'))])],
  ['data that do not begin where the alignment says', (whole) => withKeys(whole, [aligned(4, u32(4096))])],
  ['a key twice', (whole) => withKeys(whole, [entry('a', 4, u32(1)), entry('a', 4, u32(1))])],
  ['an empty key', (whole) => withKeys(whole, [entry('', 4, u32(1))])],
  ['a list of lists', (whole) => withKeys(whole, [entry('a', 9, u32(9), u64(1), u32(4), u64(0))])],
  ['an unknown type', (whole) => withKeys(whole, [entry('a', 13, u32(1))])],
  ['a tensor twice', (whole) => replaced(whole, 'blk.1.ffn_up.weight', 'blk.0.ffn_up.weight')],
  ['a file cut off in its data', (whole) => whole.subarray(0, whole.length - 100)],
  ['a file cut off in its header', (whole) => whole.subarray(0, 3000)],
];

describe.skipIf(llamaCpp.missing !== undefined)(`llama.cpp${reason}`, () => {
  let whole = Buffer.alloc(0);
  beforeAll(async () => {
    await writeGguf(path, METADATA, tensors());
    whole = readFileSync(path);
  });

  it.each(OPENED)('opens, as we do: %s', async (_, change) => {
    writeFileSync(path, change(whole));
    expect((await openCheckpoint(path)).weights.size).toBe(tensors().length);
    expect(await llamaLogits(llamaCpp.tool!, path, IDS)).toHaveLength(300);
  });

  it.each(REFUSED)('refuses, as we do: %s', async (_, change) => {
    writeFileSync(path, change(whole));
    await expect(openCheckpoint(path)).rejects.toMatchObject({ name: 'UserError' });
    await expect(llamaLogits(llamaCpp.tool!, path, IDS)).rejects.toThrow();
  });
});
