/** The ways in which GGUF stores a model, against the gguf package and transformers (`make-ggufs.py`). */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type GgufMetadata, openCheckpoint, readGgufHeader, readWeight } from '../src/checkpoint/index.ts';
import { openModel } from '../src/models/index.ts';
import { createOnnxEngine } from '../src/runtime/index.ts';
import { expectReference, type ModelReference } from './support/model-reference.ts';

interface Reference extends ModelReference {
  readonly weights: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, readonly [type: string, value: unknown]>>;
}

const FILES = fileURLToPath(new URL('./reference/ggufs/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rankscope-test-'));
const engine = createOnnxEngine();
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const names = readdirSync(FILES).flatMap((file) => (file.endsWith('.gguf') ? [file.slice(0, -5)] : []));

it('are ten', () => expect(names).toHaveLength(10));

describe.each(names)('%s', (name) => {
  const path = join(FILES, `${name}.gguf`);
  const reference: Reference = JSON.parse(readFileSync(join(FILES, `${name}.json`), 'utf8'));

  it('has the metadata that the gguf package reads, each with its type', () => {
    expect(told(readGgufHeader(path).metadata)).toEqual(reference.metadata);
  });

  it('has the weights of transformers, bit for bit', async () => {
    const checkpoint = await openCheckpoint(path);
    const hashes = [...checkpoint.weights.keys()].map((weight) => [
      weight,
      sha256(readWeight(checkpoint, weight)),
    ]);
    expect(Object.fromEntries(hashes)).toEqual(reference.weights);
  });

  it('has the loss, norms and coverage of transformers in float64', async () => {
    const model = await openModel(path, { cacheFolder: folder });
    expect(model.warnings).toEqual([]);
    await expectReference(engine, model, reference, join(folder, `${name}.safetensors`));
  });
});

it('a text of three million bytes in the header is whole, and the tensors behind it are where they were', () => {
  const path = join(FILES, 'f32-tied.gguf');
  const reference: Reference = JSON.parse(readFileSync(join(FILES, 'f32-tied.json'), 'utf8'));
  const bytes = readFileSync(path);
  // Lengths that put a character, a length and a type across every place where a reader may stop to read on.
  for (const size of [3_000_000, 2 ** 21 - 60, 2 ** 18 - 61]) {
    const key = 'long';
    const whole = Math.ceil((8 + key.length + 4 + 8 + size) / 32) * 32 - (8 + key.length + 4 + 8);
    const text = `${'日本'.repeat(Math.floor(whole / 6))}${'x'.repeat(whole % 6)}`;
    const entry = Buffer.alloc(8 + key.length + 4 + 8);
    entry.writeBigUInt64LE(BigInt(key.length));
    entry.write(key, 8);
    entry.writeUInt32LE(8, 8 + key.length);
    entry.writeBigUInt64LE(BigInt(whole), 8 + key.length + 4);
    const counts = Buffer.from(bytes.subarray(0, 24));
    counts.writeBigUInt64LE(counts.readBigUInt64LE(16) + 1n, 16);
    const longer = join(folder, 'longer.gguf');
    writeFileSync(longer, Buffer.concat([counts, entry, Buffer.from(text), bytes.subarray(24)]));
    const { metadata, tensors } = readGgufHeader(longer);
    expect(metadata.string(key) === text).toBe(true);
    const { long: _, ...rest } = told(metadata);
    expect(rest).toEqual(reference.metadata);
    const added = entry.length + whole;
    expect(tensors.map(({ offset }) => offset - added)).toEqual(
      readGgufHeader(path).tensors.map(({ offset }) => offset),
    );
  }
});

const sha256 = (values: Float32Array) =>
  createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex');

/** Metadata as the script writes them down. */
function told(metadata: GgufMetadata): Record<string, readonly [type: string, value: unknown]> {
  const plain = (value: unknown) =>
    typeof value === 'bigint'
      ? value > 2n ** 53n || value < -(2n ** 53n)
        ? `${value}`
        : Number(value)
      : value;
  return Object.fromEntries(
    metadata.keys().map((key) => {
      const { type, value } = metadata.entry(key)!;
      if (typeof value !== 'object') return [key, [type, plain(value)]];
      const items = [...value].map((item) => (type === 'array of bool' ? item === 1 : plain(item)));
      const sha256 = createHash('sha256').update(JSON.stringify(items)).digest('hex');
      return [key, [type, items.length > 100 ? { length: items.length, sha256 } : items]];
    }),
  );
}
