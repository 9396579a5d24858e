import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportGgufLora, exportPeft, lowRankUpdates, saveAdapter } from '../adapters/index.ts';
import { randomAdapter } from '../adapters/testing.ts';
import { openModel } from '../models/index.ts';
import type { RunRecord } from '../record/index.ts';
import { estimateCosts, inspect } from './index.ts';

const REFERENCES = fileURLToPath(new URL('../../test/reference/', import.meta.url));
const BUNDLED = fileURLToPath(new URL('../../assets/model', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'inspect-'));
const at = (...names: string[]) => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true }));

/** What transformers and PEFT say of the models (`scripts/reference/make-inspections.py`). */
interface Expected {
  readonly parameters: number;
  readonly types: Record<string, [tensors: number, parameters: number]>;
  readonly lora: Record<string, number>;
  readonly modules: string[];
}
const MODELS: Record<string, Expected> = JSON.parse(
  readFileSync(join(REFERENCES, 'inspections.json'), 'utf8'),
);

const inspectionOf = async (path: string) => (await inspect(path, { onWarning: () => {} })).inspection;

async function model(path: string) {
  const inspection = await inspectionOf(path);
  if (inspection.kind !== 'model') throw new Error(inspection.kind);
  return inspection;
}

describe.each(Object.entries(MODELS))('the model %s', (name, { parameters, types, lora, modules }) => {
  it('is told as transformers and PEFT tell it', async () => {
    const inspection = await model(join(REFERENCES, 'architectures', name));
    expect(inspection.parameters).toBe(parameters);
    expect(inspection.stored.map((one) => [one.type, [one.tensors, one.parameters]]).toSorted()).toEqual(
      Object.entries(types).toSorted(),
    );
    expect(inspection.lora.map((one) => [String(one.rank), one.parameters])).toEqual(Object.entries(lora));
    expect([...inspection.targetModules].toSorted()).toEqual(modules);
    expect(inspection.tokenizer).toBeNull();
  });
});

describe('a model', () => {
  it('has layers by role and shape, and a tokenizer', async () => {
    const inspection = await model(BUNDLED);
    expect(
      inspection.modules.map((one) => [one.name, one.role, one.layers, one.inFeatures, one.outFeatures]),
    ).toEqual([
      ['c_attn', 'query-key-value', 4, 256, 768],
      ['c_proj', 'output', 4, 256, 256],
      ['c_fc', 'up', 4, 256, 1024],
      ['c_proj', 'down', 4, 1024, 256],
    ]);
    expect(inspection).toMatchObject({
      contextLength: 256,
      vocabularySize: 4096,
      tiedHead: true,
      format: 'safetensors',
    });
    expect(inspection.tokenizer).toEqual({
      kind: 'BPE',
      vocabulary: 4096,
      special: { bos: '<|endoftext|>', eos: '<|endoftext|>', unk: '<|endoftext|>' },
      chatTemplates: [],
    });
  });

  it('may be a GGUF file, whose types are told as they are stored', async () => {
    const inspection = await model(join(REFERENCES, 'ggufs/mixed.gguf'));
    expect(inspection.format).toBe('gguf');
    expect(inspection.stored.length).toBeGreaterThan(3);
    expect(inspection.stored.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(
      inspection.parameters,
    );
  });

  it('has its chat templates named, and added tokens counted', async () => {
    cpSync(BUNDLED, at('chat'), { recursive: true });
    writeFileSync(at('chat/chat_template.jinja'), '{{ messages[0].content }}');
    const tokenizer = JSON.parse(readFileSync(at('chat/tokenizer.json'), 'utf8'));
    tokenizer.added_tokens.push({ id: 4096, content: '<|more|>', special: true });
    writeFileSync(at('chat/tokenizer.json'), JSON.stringify(tokenizer));
    const inspection = await model(at('chat'));
    expect(inspection.tokenizer).toMatchObject({ vocabulary: 4097, chatTemplates: ['default'] });
  });
});

describe('an adapter', () => {
  const PLAN = [
    { end: 'q_proj', family: 'factors', rank: 2 },
    { end: 'down_proj', family: 'core', rank: 4 },
  ] as const;
  beforeAll(async () => {
    const base = await openModel(join(REFERENCES, 'models/llama'), { cacheFolder: at('cache') });
    const adapter = await randomAdapter(base, PLAN);
    mkdirSync(at('own'));
    await saveAdapter(at('own'), adapter);
    const updates = lowRankUpdates(adapter.layers);
    await exportPeft(at('peft'), updates, { baseModel: 'org/name', about: {} });
    await exportGgufLora(at('lora.gguf'), base, updates);
  });

  it('of ours says families, ranks, base and parameters', async () => {
    const layers = 2;
    expect(await inspectionOf(at('own'))).toMatchObject({
      kind: 'adapter',
      form: 'rankscope',
      families: ['factors', 'core'],
      bases: ['random'],
      ranks: [2, 4],
      scales: [0.5],
      targetModules: ['q_proj', 'down_proj'],
      layers: 2 * layers,
      baseModel: join(REFERENCES, 'models/llama'),
    });
    expect(await inspectionOf(at('own/adapter.json'))).toMatchObject({
      form: 'rankscope',
      layers: 2 * layers,
    });
  });

  it('of PEFT and of llama.cpp says rank, alpha and targets', async () => {
    const peft = await inspectionOf(at('peft'));
    expect(peft).toMatchObject({
      form: 'peft',
      families: ['LORA'],
      ranks: [2, 4],
      alpha: 4,
      scales: [1],
      targetModules: expect.arrayContaining(['q_proj', 'down_proj']),
      baseModel: 'org/name',
    });
    expect(await inspectionOf(at('peft/adapter_config.json'))).toEqual(peft);
    expect(await inspectionOf(at('peft/adapter_model.safetensors'))).toEqual(peft);
    const gguf = await inspectionOf(at('lora.gguf'));
    expect(gguf).toMatchObject({ form: 'gguf', families: ['lora'], ranks: [2, 4], alpha: 4, layers: 4 });
    // Both hold A and B of the same layers.
    expect(gguf).toHaveProperty('parameters', (peft as { parameters: number }).parameters);
  });

  it('that is broken is one error', async () => {
    const code = (path: string) =>
      inspectionOf(path).then(
        () => null,
        (error) => error.code,
      );
    cpSync(at('peft'), at('broken'), { recursive: true });
    truncateSync(at('broken/adapter_model.safetensors'), 1000);
    expect(await code(at('broken'))).toBe('file-truncated');
    rmSync(at('broken/adapter_model.safetensors'));
    expect(await code(at('broken'))).toBe('adapter-incomplete');
    writeFileSync(at('broken/adapter_config.json'), '{"r": "eight"}');
    expect(await code(at('broken'))).toBe('adapter-config-invalid');
    writeFileSync(at('broken/adapter_config.json'), '{"r": ');
    expect(await code(at('broken'))).toBe('adapter-config-invalid');
    expect(await code(at('nothing'))).toBe('not-found');
    writeFileSync(at('text.txt'), 'words');
    expect(await code(at('text.txt'))).toBe('model-not-found');
    mkdirSync(at('empty'));
    expect(await code(at('empty'))).toBe('model-incomplete');
  });
});

it('weights without a config are told tensor by tensor', async () => {
  cpSync(join(BUNDLED, 'model.safetensors'), at('alone.safetensors'));
  const inspection = await inspectionOf(at('alone.safetensors'));
  if (inspection.kind !== 'weights') throw new Error(inspection.kind);
  expect(inspection.stored).toEqual((await model(BUNDLED)).stored);
  expect(inspection.tensors).toHaveLength(52);
});

it('a run is told from its records', async () => {
  const run: RunRecord = {
    schema: 'rankscope.run',
    version: 1,
    command: 'pretrain',
    arguments: ['--steps', '3'],
    status: 'partial',
    startedAt: '2026-01-02T03:04:05.000Z',
    finishedAt: null,
    versions: {},
    machine: { processor: 'test', cores: 2, memoryBytes: 1e9 },
    seed: 7,
  };
  mkdirSync(at('run'));
  writeFileSync(at('run/run.json'), JSON.stringify(run));
  expect(await inspectionOf(at('run'))).toMatchObject({
    kind: 'run',
    command: 'pretrain',
    status: 'partial',
    seed: 7,
    adapter: null,
  });
  cpSync(fileURLToPath(new URL('../../results/bundled.json', import.meta.url)), at('run/probe.json'));
  expect(await inspectionOf(at('run'))).toMatchObject({
    command: 'probe',
    figures: { batches: expect.any(Number) },
  });
});

it('costs are of the operations that a step has, at the pace of this machine', async () => {
  const { model: inspected } = await inspect(BUNDLED, { onWarning: () => {} });
  const { probe, trainingStep, operationsPerSecond } = await estimateCosts(inspected!);
  // 4 blocks of 256→768, 256→256, 256→1024, 1024→256, and the head: twice forward, twice backward, for 1024 tokens.
  const products = 4 * (256 * 768 + 256 * 256 + 2 * 256 * 1024) + 256 * 4096;
  const factors = 16 * 4 * (256 + 768 + 256 + 256 + 2 * (256 + 1024));
  expect(trainingStep.operations).toBe(1024 * (4 * products + 6 * factors));
  expect(trainingStep.seconds).toBeCloseTo(trainingStep.operations / operationsPerSecond, 3);
  expect(operationsPerSecond).toBeGreaterThan(1e8);
  for (const { bytes } of [probe, trainingStep]) expect(bytes).toBeGreaterThan(4 * 4_273_664);
  expect(probe.operations).toBeGreaterThan(32 * 256 * 4 * products);
});
