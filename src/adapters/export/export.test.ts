import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { plainValues } from '../../../test/support/gguf.ts';
import { loadReference, relativeError } from '../../../test/support/reference.ts';
import { readGgufHeader, readSafetensorsHeader, readWeight } from '../../checkpoint/index.ts';
import { openModel } from '../../models/index.ts';
import { createOnnxEngine } from '../../runtime/index.ts';
import { adaptedModel, adapterDelta } from '../graph-values.ts';
import { logitsOf, randomAdapter, type TestLayer } from '../testing.ts';
import { lowRankUpdates } from './adapter-updates.ts';
import { exportGgufLora } from './gguf-lora.ts';
import { exportMerged } from './merged.ts';
import { exportPeft } from './peft.ts';

const folder = mkdtempSync(join(tmpdir(), 'export-'));
afterAll(() => rmSync(folder, { recursive: true }));
let made = 0;
const fresh = () => join(folder, String(made++));
const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

const GPT2_PLAN: TestLayer[] = [
  { end: 'attn.c_attn', family: 'core', rank: 4 },
  { end: 'mlp.c_fc', family: 'factors', rank: 2 },
];
const LLAMA_PLAN: TestLayer[] = [
  { end: 'q_proj', family: 'core', rank: 4 },
  { end: 'k_proj', family: 'diagonal', rank: 4 },
  { end: 'v_proj', family: 'left', rank: 3 },
  { end: 'down_proj', family: 'right', rank: 2 },
];

async function open(name: 'gpt2' | 'llama' | 'llama-tied', plan: readonly TestLayer[]) {
  const reference = loadReference(name);
  const model = await openModel(reference.folder, { cacheFolder: join(folder, 'cache') });
  return { reference, model, adapter: await randomAdapter(model, plan) };
}

/** Float32 values of a file by tensor name. */
function readAll(path: string): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const bytes = readFileSync(path);
  const { tensors } = readSafetensorsHeader(path);
  return new Map(
    [...tensors.values()].map(({ name, shape, offset, length }) => [
      name,
      { shape, data: new Float32Array(new Uint8Array(bytes.subarray(offset, offset + length)).buffer) },
    ]),
  );
}

/** B A, transposed to [in, out]. */
function product(a: Float32Array, b: Float32Array, rank: number): Float64Array {
  const [m, n] = [a.length / rank, b.length / rank];
  return Float64Array.from({ length: m * n }, (_, index) => {
    const [i, j] = [Math.floor(index / n), index % n];
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += a[k * m + i]! * b[j * rank + k]!;
    return sum;
  });
}

describe('the form of PEFT', () => {
  it('names modules, ranks and scales so that nothing is left to guess', async () => {
    const { model, adapter } = await open('gpt2', GPT2_PLAN);
    const out = fresh();
    const about = { adapter: adapter.record };
    await exportPeft(out, lowRankUpdates(adapter.layers), { baseModel: model.path, about });
    expect(readdirSync(out).toSorted()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'rankscope.json',
    ]);
    const modules = [0, 1].flatMap((i) => [`transformer.h.${i}.attn.c_attn`, `transformer.h.${i}.mlp.c_fc`]);
    const smaller = { 'transformer.h.0.mlp.c_fc': 2, 'transformer.h.1.mlp.c_fc': 2 };
    expect(json(out, 'adapter_config.json')).toEqual({
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: model.path,
      r: 4,
      lora_alpha: 4,
      rank_pattern: smaller,
      alpha_pattern: smaller,
      target_modules: modules,
      fan_in_fan_out: true,
      use_rslora: false,
      lora_dropout: 0,
      bias: 'none',
      inference_mode: true,
      init_lora_weights: true,
    });
    expect(json(out, 'rankscope.json')).toEqual(about);
    const path = join(out, 'adapter_model.safetensors');
    expect(readSafetensorsHeader(path).metadata).toEqual({ format: 'pt' });
    const shapes = Object.fromEntries([...readAll(path)].map(([name, { shape }]) => [name, shape]));
    expect(shapes).toEqual(
      Object.fromEntries(
        modules.flatMap((name) => {
          const rank = name.endsWith('c_fc') ? 2 : 4;
          const outputs = name.endsWith('c_fc') ? 96 : 72;
          return [
            [`base_model.model.${name}.lora_A.weight`, [rank, 24]],
            [`base_model.model.${name}.lora_B.weight`, [outputs, rank]],
          ];
        }),
      ),
    );
  });

  it.each([false, true])('holds the change of every layer, portable: %s', async (portable) => {
    const { model, adapter } = await open('llama', LLAMA_PLAN);
    const out = fresh();
    await exportPeft(out, lowRankUpdates(adapter.layers), { baseModel: model.path, portable, about: {} });
    const config = json(out, 'adapter_config.json');
    expect(config).toMatchObject({ r: 4, lora_alpha: 4, fan_in_fan_out: false });
    expect(Object.keys(config.rank_pattern)).toHaveLength(portable ? 0 : 4);
    expect(config.alpha_pattern).toEqual(config.rank_pattern);
    const tensors = readAll(join(out, 'adapter_model.safetensors'));
    expect(tensors.size).toBe(16);
    for (const one of adapter.layers) {
      const [a, b] = ['A', 'B'].map(
        (side) => tensors.get(`base_model.model.${one.layer.name}.lora_${side}.weight`)!,
      );
      const rank = portable ? 4 : one.rank;
      expect([a!.shape[0], b!.shape[1]]).toEqual([rank, rank]);
      expect(relativeError(product(a!.data, b!.data, rank), adapterDelta(one).data)).toBeLessThan(1e-6);
    }
  });
});

describe('the form of llama.cpp', () => {
  it('holds the change under GGUF names, query and key rows permuted', async () => {
    const { model, adapter } = await open('llama', LLAMA_PLAN);
    const out = `${fresh()}.gguf`;
    await exportGgufLora(out, model, lowRankUpdates(adapter.layers));
    const { metadata, tensors } = readGgufHeader(out);
    expect(plainValues(metadata)).toMatchObject({
      'general.architecture': 'llama',
      'general.type': 'adapter',
      'adapter.type': 'lora',
      'adapter.lora.alpha': 4,
    });
    const parts = { attn_q: 'q_proj', attn_k: 'k_proj', attn_v: 'v_proj', ffn_down: 'down_proj' };
    expect(tensors.map(({ name }) => name).toSorted()).toEqual(
      [0, 1]
        .flatMap((i) => Object.keys(parts).map((part) => `blk.${i}.${part}.weight`))
        .flatMap((name) => [`${name}.lora_a`, `${name}.lora_b`])
        .toSorted(),
    );
    const bytes = readFileSync(out);
    const read = (name: string) => {
      const { offset, length } = tensors.find((tensor) => tensor.name === name)!;
      return new Float32Array(new Uint8Array(bytes.subarray(offset, offset + length)).buffer);
    };
    for (const [part, module] of Object.entries(parts)) {
      const one = adapter.layers.find(({ layer }) => layer.name.endsWith(`layers.1.${moduleOf(module)}`))!;
      const name = `blk.1.${part}.weight`;
      const delta = product(read(`${name}.lora_a`), read(`${name}.lora_b`), one.rank);
      const scaled = delta.map((value) => (value * 4) / one.rank); // llama.cpp: alpha / r
      const expected = adapterDelta(one);
      const permuted = part === 'attn_q' || part === 'attn_k';
      // Head size 6: within a head, stored column 2j + s is column 3s + j.
      const columnOf = (j: number) => (permuted ? j - (j % 6) + (j % 2) * 3 + Math.floor((j % 6) / 2) : j);
      const wanted = scaled.map((_, index) => {
        const [i, j] = [Math.floor(index / expected.cols), index % expected.cols];
        return expected.data[i * expected.cols + columnOf(j)]!;
      });
      expect(relativeError(scaled, wanted), part).toBeLessThan(1e-6);
    }
  });

  it('refuses other architectures and what is there already', async () => {
    const { model, adapter } = await open('gpt2', GPT2_PLAN);
    const updates = lowRankUpdates(adapter.layers);
    await expect(exportGgufLora(`${fresh()}.gguf`, model, updates)).rejects.toThrow(/gpt2/);
    const out = join(folder, 'taken.gguf');
    writeFileSync(out, 'mine');
    const llama = await open('llama', LLAMA_PLAN);
    await expect(
      exportGgufLora(out, llama.model, lowRankUpdates(llama.adapter.layers)),
    ).rejects.toMatchObject({ code: 'output-exists' });
    expect(readFileSync(out, 'utf8')).toBe('mine');
  });
});

describe('the merged model', () => {
  it.each([
    ['gpt2', [...GPT2_PLAN, { end: 'attn.c_proj', family: 'full', rank: 24 }]],
    ['llama', LLAMA_PLAN],
    ['llama-tied', LLAMA_PLAN],
  ] as const)('%s gives the logits of the model with its adapter', async (name, plan) => {
    const { reference, model, adapter } = await open(name, plan);
    const out = fresh();
    const adapted = adaptedModel(model, adapter);
    await exportMerged(out, adapted, { type: 'float32', about: { made: 'here' } });
    expect(json(out, 'config.json')).toEqual({ ...json(model.path, 'config.json'), torch_dtype: 'float32' });
    expect(json(out, 'rankscope.json')).toEqual({ made: 'here' });
    const merged = await openModel(out);
    const engine = createOnnxEngine();
    const batch = reference.batches[0]!;
    const [base, factored, whole] = [
      await logitsOf(engine, model, batch),
      await logitsOf(engine, adapted, batch),
      await logitsOf(engine, merged, batch),
    ];
    await engine.close();
    expect(relativeError(whole, factored)).toBeLessThan(1e-5);
    expect(relativeError(base, factored)).toBeGreaterThan(0.1);
  });

  it('keeps the stored type of the base, and every weight without an adapter to the last bit', async () => {
    const { model, adapter } = await open('llama-tied', LLAMA_PLAN);
    const out = fresh();
    await exportMerged(out, adaptedModel(model, adapter), { about: {} });
    const merged = await openModel(out);
    const { checkpoint } = merged;
    expect(json(out, 'config.json').torch_dtype).toBe('bfloat16');
    expect([...checkpoint.weights.keys()].toSorted()).toEqual(
      model.definition.weights.map(({ name }) => name).toSorted(),
    );
    for (const { name } of model.definition.weights) {
      expect(checkpoint.weights.get(name)!.dtype).toBe(model.checkpoint.weights.get(name)!.dtype);
      const same = relativeError(readWeight(checkpoint, name), readWeight(model.checkpoint, name)) === 0;
      expect(same, name).toBe(!LLAMA_PLAN.some(({ end }) => name.endsWith(`${end}.weight`)));
    }
  });

  it.each(['float32', 'float16', 'bfloat16'] as const)(
    'says in one place that its weights are %s',
    async (type) => {
      const base = fresh();
      cpSync(loadReference('llama').folder, base, { recursive: true });
      const config = json(base, 'config.json');
      writeFileSync(join(base, 'config.json'), JSON.stringify({ ...config, dtype: 'bfloat16' }));
      const model = await openModel(base);
      const adapted = adaptedModel(model, await randomAdapter(model, LLAMA_PLAN));
      const [asBase, chosen] = [fresh(), fresh()];
      await exportMerged(asBase, adapted, { about: {} });
      await exportMerged(chosen, adapted, { type, about: {} });
      expect(json(asBase, 'config.json')).toEqual({ ...config, torch_dtype: 'float32' });
      expect(json(chosen, 'config.json')).toEqual({ ...config, torch_dtype: type });
      const stored = { float32: 'F32', float16: 'F16', bfloat16: 'BF16' }[type];
      expect([...readSafetensorsHeader(join(chosen, 'model.safetensors')).tensors.values()]).toSatisfy(
        (tensors: { dtype: string }[]) => tensors.every(({ dtype }) => dtype === stored),
      );
    },
  );

  it('tells how much of the change rounding took', async () => {
    const { model } = await open('llama', LLAMA_PLAN);
    const adapter = await randomAdapter(model, LLAMA_PLAN, 0.01);
    const adapted = adaptedModel(model, adapter);
    const out = fresh();
    const rounding = await exportMerged(out, adapted, { type: 'bfloat16', about: {} });
    expect(json(out, 'rankscope.json')).toEqual({ rounding });
    const { checkpoint } = await openModel(out);
    let [lost, change, worst] = [0, 0, 0];
    for (const { layer } of adapter.layers) {
      const name = `${layer.name}.weight`;
      const [base, whole, written] = [
        readWeight(model.checkpoint, name),
        adapted.readLayer(layer),
        readWeight(checkpoint, name),
      ].map((values) => Float64Array.from(values));
      const [gone, delta] = [written!, whole!].map((values, which) =>
        values.reduce((sum, value, i) => sum + (value - (which === 0 ? whole! : base!)[i]!) ** 2, 0),
      );
      lost += gone!;
      change += delta!;
      worst = Math.max(worst, Math.sqrt(gone! / delta!));
    }
    expect(rounding!.overall).toBeCloseTo(Math.sqrt(lost / change), 12);
    expect(rounding!.overall).toBeGreaterThan(0.05);
    expect(rounding!.worst.share).toBeCloseTo(worst, 12);
    expect(await exportMerged(fresh(), adapted, { about: {} })).toBeNull();
  });

  it('is refused in a type that has no number for a weight', async () => {
    const { model } = await open('llama', LLAMA_PLAN);
    const adapter = await randomAdapter(model, [{ end: 'q_proj', family: 'core', rank: 4 }], 1000);
    await expect(
      exportMerged(fresh(), adaptedModel(model, adapter), { type: 'float16', about: {} }),
    ).rejects.toMatchObject({ code: 'weights-too-large', message: expect.stringContaining('65504') });
  });

  it('is float32 when it comes from GGUF, unless another type is asked for', async () => {
    const [halves, words] = await Promise.all(
      ['f16-version-2', 'vocabulary'].map((name) =>
        openModel(fileURLToPath(new URL(`../../../test/reference/ggufs/${name}.gguf`, import.meta.url)), {
          cacheFolder: join(folder, 'cache'),
        }),
      ),
    );
    // Weights of one file, the vocabulary of another.
    const model = { ...halves!, checkpoint: { ...halves!.checkpoint, gguf: words!.checkpoint.gguf! } };
    expect(new Set([...model.checkpoint.weights.values()].map(({ dtype }) => dtype))).toContain('F16');
    const folderOf = async (type?: 'float16') => {
      const out = fresh();
      const adapted = adaptedModel(model, await randomAdapter(model, LLAMA_PLAN));
      await exportMerged(out, adapted, { ...(type === undefined ? {} : { type }), about: {} });
      const { tensors } = readSafetensorsHeader(join(out, 'model.safetensors'));
      return [
        ...new Set([...tensors.values()].map(({ dtype }) => dtype)),
        json(out, 'config.json').torch_dtype,
      ];
    };
    expect(await folderOf()).toEqual(['F32', 'float32']);
    expect(await folderOf('float16')).toEqual(['F16', 'float16']);
  });

  it('is cut into shards that are read as one model', async () => {
    const { model, adapter } = await open('llama', LLAMA_PLAN);
    const [whole, cut] = [fresh(), fresh()];
    const adapted = adaptedModel(model, adapter);
    await exportMerged(whole, adapted, { about: {} });
    await exportMerged(cut, adapted, { about: {}, shardBytes: 20_000 });
    const shards = readdirSync(cut).filter((name) => name.endsWith('.safetensors'));
    const size = model.definition.weights.reduce(
      (sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b),
      0,
    );
    expect(shards.length).toBeGreaterThanOrEqual(size / 20_000);
    expect(shards[0]).toBe(`model-00001-of-0000${shards.length}.safetensors`);
    expect(json(cut, 'model.safetensors.index.json').metadata).toEqual({ total_size: size });
    const [one, many] = [await openModel(whole), await openModel(cut)];
    expect(many.checkpoint.files).toHaveLength(shards.length);
    for (const { name } of model.definition.weights)
      expect(readWeight(many.checkpoint, name), name).toEqual(readWeight(one.checkpoint, name));
  });

  it('leaves nothing when it fails, and takes no folder that is in use', async () => {
    const { model, adapter } = await open('gpt2', GPT2_PLAN);
    const occupied = fresh();
    mkdirSync(occupied);
    writeFileSync(join(occupied, 'mine.txt'), 'mine');
    const before = readdirSync(folder);
    const options = { about: {} };
    const adapted = adaptedModel(model, adapter);
    await expect(exportMerged(occupied, adapted, options)).rejects.toMatchObject({ code: 'output-exists' });
    const broken = {
      ...adapted,
      readLayer: () => {
        throw new Error('disk on fire');
      },
    };
    await expect(exportMerged(fresh(), broken, options)).rejects.toThrow('disk on fire');
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(occupied)).toEqual(['mine.txt']);
  });
});

it('says that an adapter of whole matrices has no LoRA form', async () => {
  const { adapter } = await open('gpt2', [{ end: 'c_fc', family: 'full', rank: 24 }]);
  expect(() => lowRankUpdates(adapter.layers)).toThrow(/c_fc.*no low-rank form[\s\S]*format merged/);
});

const moduleOf = (module: string) => `${module === 'down_proj' ? 'mlp' : 'self_attn'}.${module}`;
