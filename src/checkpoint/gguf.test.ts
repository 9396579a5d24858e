import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { plainValues } from '../../test/support/gguf.ts';
import { InvariantError } from '../errors/index.ts';
import { Cache } from './cache.ts';
import { openCheckpoint } from './checkpoint.ts';
import { readGgufHeader } from './gguf.ts';
import { type GgufTensor, type GgufValue, writeGguf } from './gguf-write.ts';
import { materialize } from './materialize.ts';
import { readWeight } from './read-weight.ts';

const folder = mkdtempSync(join(tmpdir(), 'gguf-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'tiny.gguf');

const metadata: Record<string, GgufValue> = {
  'general.architecture': 'llama',
  'llama.block_count': 1,
  'llama.context_length': 64,
  'llama.embedding_length': 32,
  'llama.feed_forward_length': 48,
  'llama.attention.head_count': 2,
  'llama.attention.head_count_kv': 1,
  'llama.attention.key_length': 4,
  'llama.attention.layer_norm_rms_epsilon': { float32: 0.5 },
  'llama.rope.freq_base': 500000,
};
const numbers = (size: number) => Array.from({ length: size }, (_, i) => i);
const f32 = (
  name: string,
  shape: number[],
  values = numbers(shape.reduce((a, b) => a * b, 1)),
): GgufTensor => ({
  name,
  shape,
  type: 'F32',
  data: new Uint8Array(Float32Array.from(values).buffer),
});
const embedding = f32('token_embd.weight', [5, 32]);
beforeEach(() => rmSync(path, { force: true }));

const open = async (tensors: GgufTensor[], more: Record<string, GgufValue> = {}) => {
  await writeGguf(path, { ...metadata, ...more }, tensors);
  return openCheckpoint(path);
};

/** The permutation of llama.cpp's converter, as its reshape and swap of axes: [head, half, j] → [head, j, half]. */
function permute(rows: number[][], heads: number): number[][] {
  const half = rows.length / heads / 2;
  return numbers(heads).flatMap((h) =>
    numbers(half).flatMap((j) => [rows[h * 2 * half + j]!, rows[h * 2 * half + half + j]!]),
  );
}

describe('a Llama GGUF file', () => {
  it('is told in the words of config.json', async () => {
    const checkpoint = await open([embedding]);
    expect(checkpoint).toMatchObject({ path, format: 'gguf', files: [path] });
    expect(checkpoint.gguf!.entry('llama.block_count')).toEqual({ type: 'uint32', value: 1 });
    expect(checkpoint.config).toEqual({
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      hidden_size: 32,
      intermediate_size: 48,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      head_dim: 4,
      hidden_act: 'silu',
      rms_norm_eps: 0.5,
      rope_theta: 500000,
      rope_scaling: null,
      vocab_size: 5,
      max_position_embeddings: 64,
      tie_word_embeddings: true,
      attention_bias: false,
      mlp_bias: false,
    });
    const untied = await open([embedding, f32('output.weight', [5, 32])]);
    expect(untied.config.tie_word_embeddings).toBe(false);
    expect([...untied.weights.keys()]).toEqual(['model.embed_tokens.weight', 'lm_head.weight']);
  });

  it('gives query and key rows in the order of Hugging Face, in memory and in the cache', async () => {
    const rows = (count: number) =>
      numbers(count).map((row) => numbers(32).map((column) => row + column / 64));
    const [q, k] = [rows(8), rows(4)];
    const bias = numbers(8);
    const checkpoint = await open([
      embedding,
      f32('blk.0.attn_q.weight', [8, 32], permute(q, 2).flat()),
      f32(
        'blk.0.attn_q.bias',
        [8],
        permute(
          bias.map((value) => [value]),
          2,
        ).flat(),
      ),
      f32('blk.0.attn_k.weight', [4, 32], permute(k, 1).flat()),
      f32('blk.0.attn_v.weight', [4, 32], k.flat()),
    ]);
    const names = ['q_proj.weight', 'q_proj.bias', 'k_proj.weight', 'v_proj.weight'].map(
      (name) => `model.layers.0.self_attn.${name}`,
    );
    const expected = [q.flat(), bias, k.flat(), k.flat()];
    expect(names.map((name) => [...readWeight(checkpoint, name)])).toEqual(expected);
    const places = await materialize(checkpoint, names, new Cache(join(folder, 'cache'), expect.unreachable));
    expect(places.get(names[3]!)!.path).toBe(path);
    const stored = names.map((name) => {
      const { path: file, offset, length } = places.get(name)!;
      return [
        ...new Float32Array(new Uint8Array(readFileSync(file).subarray(offset, offset + length)).buffer),
      ];
    });
    expect(stored).toEqual(expected);
  });

  it('decodes quantised weights behind the right names and shapes', async () => {
    const block = [0, 0x38, ...numbers(32)]; // scale 0.5
    const data = Uint8Array.from([...block, ...block]);
    const checkpoint = await open([
      embedding,
      { name: 'blk.0.ffn_down.weight', shape: [2, 32], type: 'Q8_0', data },
    ]);
    const source = checkpoint.weights.get('model.layers.0.mlp.down_proj.weight')!;
    expect(source).toMatchObject({ dtype: 'Q8_0', shape: [2, 32], length: 68 });
    const row = numbers(32).map((q) => q / 2);
    expect([...readWeight(checkpoint, source.name)]).toEqual([...row, ...row]);
  });

  it('recovers the rotary scaling of Llama 3 from its factors, and refuses others', async () => {
    // From transformers 5: default frequencies over those of rope_type llama3 with factor 8, head size 8.
    const factors = f32('rope_freqs.weight', [4], [1, 1, 2.6945302486419678, 8]);
    const scaled = await open([embedding, factors], { 'llama.attention.key_length': 8 });
    expect(scaled.config.rope_scaling).toEqual({
      rope_type: 'llama3',
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
    await expect(open([embedding, f32('rope_freqs.weight', [2], [2, 8])])).rejects.toThrow(/rope_freqs/);
    const linear = await open([embedding], {
      'llama.rope.scaling.type': 'linear',
      'llama.rope.scaling.factor': 4,
    });
    expect(linear.config.rope_scaling).toEqual({ rope_type: 'linear', factor: 4 });
    await expect(open([embedding], { 'llama.rope.scaling.type': 'longrope' })).rejects.toThrow(/longrope/);
  });

  it('refuses what it does not know, by name', async () => {
    const unsupported = { code: 'gguf-unsupported' };
    await expect(open([embedding], { 'general.architecture': 'mamba' })).rejects.toMatchObject(unsupported);
    await expect(open([embedding, f32('blk.0.ffn_gate_exps.weight', [2])])).rejects.toThrow(/ffn_gate_exps/);
    const twoBits: GgufTensor = {
      name: 'token_embd.weight',
      shape: [1, 256],
      type: 'IQ2_S',
      data: new Uint8Array(82),
    };
    await expect(open([twoBits])).rejects.toThrow(/token_embd\.weight.*IQ2_S/s);
    // What the model is comes before how it is stored.
    await expect(open([twoBits], { 'general.architecture': 'mamba' })).rejects.toMatchObject(unsupported);
    await expect(open([twoBits], { 'general.type': 'adapter' })).rejects.toMatchObject(unsupported);
    await expect(open([embedding, f32('blk.0.attn_q.weight', [6, 2])])).rejects.toThrow(
      /not made of whole heads/,
    );
    await writeGguf(path, { 'general.architecture': 'llama' }, [embedding]);
    await expect(openCheckpoint(path)).rejects.toThrow(/does not say llama\.embedding_length/);
  });

  it('calls adapters and parts of files by their name', async () => {
    await expect(open([embedding], { 'general.type': 'adapter' })).rejects.toThrow(
      /type adapter.*base model/s,
    );
    await expect(open([embedding], { 'split.count': 3 })).rejects.toThrow(
      /part 1 of 3.*-00001-of-00003\.gguf.*names back/s,
    );
    expect((await open([embedding], { 'general.type': 'model', 'split.count': 1 })).format).toBe('gguf');
  });

  it('refuses a file that is cut off anywhere, or no GGUF file', async () => {
    await open([embedding]);
    const whole = readFileSync(path);
    for (const kept of [whole.length - 1, whole.length - 640, 400, 100, 20, 8, 0]) {
      writeFileSync(path, whole.subarray(0, kept));
      await expect(openCheckpoint(path), `${kept} bytes`).rejects.toMatchObject({
        code: expect.stringMatching(/^(file-truncated|gguf-invalid)$/),
      });
    }
    writeFileSync(path, 'no model at all');
    await expect(openCheckpoint(path)).rejects.toMatchObject({ code: 'gguf-invalid' });
  });

  it('refuses overlapping tensors and rows of partial blocks', async () => {
    await writeGguf(path, metadata, [embedding, f32('output_norm.weight', [32])]);
    const bytes = readFileSync(path);
    // The second tensor's offset is the last number of the header: 640 bytes after the first.
    bytes.writeBigUInt64LE(32n, bytes.lastIndexOf(Buffer.from([0x80, 0x02, 0, 0, 0, 0, 0, 0])));
    writeFileSync(path, bytes);
    await expect(openCheckpoint(path)).rejects.toThrow(/output_norm\.weight overlaps/);
    const partial: GgufTensor = {
      name: 'output_norm.weight',
      shape: [16],
      type: 'Q8_0',
      data: new Uint8Array(34),
    };
    await expect(open([partial])).rejects.toThrow(/not whole Q8_0 blocks/);
  });
});

it('writes metadata of every kind as it reads it', async () => {
  const written: Record<string, GgufValue> = {
    ...metadata,
    text: 'naïve 日本語',
    yes: true,
    no: false,
    whole: 4294967295,
    float: { float32: 4 },
    texts: ['a', ''],
    numbers: [1, -2],
  };
  await writeGguf(path, written, [embedding, f32('output_norm.weight', [3])]);
  const header = readGgufHeader(path);
  expect(plainValues(header.metadata)).toEqual({
    ...written,
    'llama.attention.layer_norm_rms_epsilon': 0.5,
    float: 4,
  });
  expect(header.tensors.map(({ name, shape, offset }) => [name, shape, offset % 32])).toEqual([
    ['token_embd.weight', [5, 32], 0],
    ['output_norm.weight', [3], 0],
  ]);
  const { offset, length } = header.tensors[1]!;
  const bytes = new Uint8Array(readFileSync(path).subarray(offset, offset + length));
  expect([...new Float32Array(bytes.buffer)]).toEqual([0, 1, 2]);
});

it('reads any file as it was written', async () => {
  const whole = (min: number, max: number) => fc.integer({ min, max });
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const value: fc.Arbitrary<GgufValue> = fc.oneof(
    text,
    fc.boolean(),
    whole(0, 2 ** 32 - 1),
    fc.float({ noNaN: true, noDefaultInfinity: true }).map((float32) => ({ float32 })),
    fc.array(text, { minLength: 1 }),
    fc.array(whole(-(2 ** 31), 2 ** 31 - 1)),
  );
  const tensor = fc
    .record({
      name: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }),
      shape: fc.array(whole(0, 3), { maxLength: 4 }),
      type: fc.constantFrom('F32', 'F16', 'Q8_0'),
    })
    .chain(({ name, shape, type }) => {
      const blocks = shape.reduce((product, extent) => product * extent, 1);
      const [elements, bytes] = { F32: [1, 4], F16: [1, 2], Q8_0: [32, 34] }[type] as [number, number];
      // Blocks lie along the last axis: a tensor without axes is one element.
      const written = shape.length === 0 ? shape : [...shape.slice(0, -1), shape.at(-1)! * elements];
      const kind = shape.length === 0 && type === 'Q8_0' ? 'F32' : type;
      const size = blocks * (kind === type ? bytes : 4);
      return fc
        .uint8Array({ minLength: size, maxLength: size })
        .map((data): GgufTensor => ({ name, shape: written, type: kind, data }));
    });
  const key = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
    .filter((name) => name !== '__proto__');
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(key, value, { maxKeys: 6 }),
      fc.uniqueArray(tensor, { maxLength: 5, selector: ({ name }) => name }),
      async (values, tensors) => {
        await writeGguf(path, values, tensors);
        const header = readGgufHeader(path);
        const plain = Object.entries(values).map(([name, given]) => [
          name,
          typeof given === 'object' && 'float32' in given ? Math.fround(given.float32) : given,
        ]);
        expect(plainValues(header.metadata)).toEqual(Object.fromEntries(plain));
        const file = readFileSync(path);
        expect(
          header.tensors.map(({ name, shape, dtype, offset, length }) => [
            ...[name, shape, dtype, offset % 32],
            [...file.subarray(offset, offset + length)],
          ]),
        ).toEqual(tensors.map(({ name, shape, type, data }) => [name, shape, type, 0, [...data]]));
      },
    ),
    { numRuns: 100 },
  );
});

it('writes nothing that it could not read again', async () => {
  const refuse = async (values: Record<string, GgufValue>, tensors: GgufTensor[] = []) => {
    await expect(writeGguf(path, values, tensors)).rejects.toThrow(InvariantError);
    expect(existsSync(path)).toBe(false);
  };
  for (const value of [-1, 1.5, 2 ** 32, Number.NaN, [2 ** 31], [0.5]]) await refuse({ key: value });
  await refuse({}, [embedding, embedding]);
  await refuse({}, [f32('n'.repeat(64), [1])]);
  await refuse({}, [f32('w', [1, 1, 1, 1, 1])]);
});
