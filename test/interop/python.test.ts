/** PEFT and transformers open what we export, and compute what we compute. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adaptedModel, exportMerged, exportPeft, lowRankUpdates } from '../../src/adapters/index.ts';
import { logitsOf, randomAdapter, type TestLayer } from '../../src/adapters/testing.ts';
import { type Model, openModel } from '../../src/models/index.ts';
import { createOnnxEngine } from '../../src/runtime/index.ts';
import { ARCHITECTURE_MODELS, loadArchitecture } from '../support/architecture-reference.ts';
import { GGUF_FILES, loadGgufReference } from '../support/gguf-architectures.ts';
import { loadReference, relativeError } from '../support/reference.ts';
import { VOCABULARY, writeFloatCopy } from './float-copy.ts';
import { findPython, findSmolLm, type Question } from './tools.ts';

const TOLERANCE = 1e-5;
const folder = mkdtempSync(join(tmpdir(), 'interop-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Case {
  readonly model: 'gpt2' | 'llama' | 'llama-tied';
  readonly title: string;
  readonly plan: readonly TestLayer[];
  readonly form: 'peft' | 'peft --portable' | 'merged';
}

const UNIFORM: readonly TestLayer[] = ['c_attn', 'c_fc', 'q_proj', 'k_proj', 'v_proj', 'down_proj'].map(
  (end) => ({ end, family: 'core', rank: 4 }),
);
const MIXED: readonly TestLayer[] = [
  { end: '0.attn.c_attn', family: 'core', rank: 8 },
  { end: '1.attn.c_attn', family: 'diagonal', rank: 3 },
  { end: 'attn.c_proj', family: 'left', rank: 2 },
  { end: 'mlp.c_fc', family: 'right', rank: 5 },
  { end: '1.mlp.c_proj', family: 'factors', rank: 1 },
  { end: '0.self_attn.q_proj', family: 'core', rank: 8 },
  { end: '1.self_attn.q_proj', family: 'factors', rank: 3 },
  { end: 'self_attn.k_proj', family: 'diagonal', rank: 2 },
  { end: 'self_attn.o_proj', family: 'left', rank: 5 },
  { end: 'mlp.up_proj', family: 'right', rank: 1 },
];

const CASES: readonly Case[] = (['gpt2', 'llama', 'llama-tied'] as const).flatMap((model) => [
  { model, title: 'uniform ranks', plan: UNIFORM, form: 'peft' },
  { model, title: 'mixed ranks', plan: MIXED, form: 'peft' },
  { model, title: 'mixed ranks', plan: MIXED, form: 'peft --portable' },
  { model, title: 'mixed ranks', plan: MIXED, form: 'merged' },
]);

const python = await findPython();
const because = python.missing === undefined ? '' : ` (skipped: no ${python.missing})`;

describe.skipIf(python.missing !== undefined)(`PEFT and transformers${because}`, () => {
  const ours: Float32Array[] = [];
  const without: Float32Array[] = [];
  const answers: unknown[] = [];
  const output = (index: number) => join(folder, `logits-${index}.f32`);

  beforeAll(async () => {
    const engine = createOnnxEngine();
    const questions: Question[] = [];
    for (const [index, { model: name, plan, form }] of CASES.entries()) {
      const reference = loadReference(name);
      const model = await openModel(reference.folder, { cacheFolder: join(folder, 'cache') });
      const adapter = await randomAdapter(model, plan);
      const batch = reference.batches[0]!;
      ours.push(await logitsOf(engine, adaptedModel(model, adapter), batch));
      without.push(await logitsOf(engine, model, batch));
      const out = join(folder, String(index));
      if (form === 'merged') {
        await exportMerged(out, adaptedModel(model, adapter), { type: 'float32', about: {} });
      } else {
        const portable = form === 'peft --portable';
        await exportPeft(out, lowRankUpdates(adapter.layers), { baseModel: model.path, portable, about: {} });
      }
      const tokens = Array.from({ length: batch.sequences }, (_, row) => [
        ...batch.tokens.subarray(row * batch.seqLen, (row + 1) * batch.seqLen),
      ]);
      const shared = { tokens, out: output(index) };
      questions.push(
        form === 'merged'
          ? { kind: 'model', path: out, ...shared }
          : { kind: 'peft', base: model.path, adapter: out, ...shared },
      );
    }
    await engine.close();
    answers.push(...(await python.tool!(questions)));
  });

  it.each(CASES.map((one, index) => ({ ...one, index })))(
    '$model, $form, $title: equal logits',
    ({ index, form }) => {
      const theirs = new Float32Array(new Uint8Array(readFileSync(output(index))).buffer);
      expect(theirs.length).toBe(ours[index]!.length);
      expect(relativeError(theirs, without[index]!)).toBeGreaterThan(0.1);
      expect(relativeError(theirs, ours[index]!)).toBeLessThan(TOLERANCE);
      if (form !== 'merged') expect(answers[index]).toEqual([]); // no warnings
    },
  );
});

/** A family and a rank for every kind of layer of a model. */
function planFor(model: Model): TestLayer[] {
  const ends = new Set(model.definition.layers.map(({ name }) => name.split('.').slice(-2).join('.')));
  const families = ['core', 'left', 'factors', 'right', 'diagonal'] as const;
  return [...ends].map((end, index) => ({ end, family: families[index % 5]!, rank: 2 + (index % 3) }));
}

describe.skipIf(python.missing !== undefined)(`PEFT and transformers on every architecture${because}`, () => {
  const answers: unknown[] = [];
  const ours: Float32Array[] = [];
  const without: Float32Array[] = [];
  const output = (index: number) => join(folder, `architecture-${index}.f32`);
  const cases = ARCHITECTURE_MODELS.flatMap((name) =>
    (['peft', 'peft --portable', 'merged'] as const).map((form) => ({ name, form })),
  );

  beforeAll(async () => {
    const engine = createOnnxEngine();
    const questions: Question[] = [];
    for (const [index, { name, form }] of cases.entries()) {
      const { folder: base, batches, tokens } = loadArchitecture(name);
      const model = await openModel(base, { cacheFolder: join(folder, 'cache') });
      const adapter = await randomAdapter(model, planFor(model));
      const adapted = adaptedModel(model, adapter);
      ours.push(await logitsOf(engine, adapted, batches[0]!));
      without.push(await logitsOf(engine, model, batches[0]!));
      const out = join(folder, `architecture-${index}`);
      const shared = { tokens, out: output(index) };
      if (form === 'merged') {
        await exportMerged(out, adapted, { type: 'float32', about: {} });
        questions.push({ kind: 'model', path: out, ...shared });
      } else {
        const portable = form === 'peft --portable';
        await exportPeft(out, lowRankUpdates(adapter.layers), { baseModel: base, portable, about: {} });
        questions.push({ kind: 'peft', base, adapter: out, ...shared });
      }
    }
    await engine.close();
    answers.push(...(await python.tool!(questions)));
  });

  it.each(cases.map((one, index) => ({ ...one, index })))('$name, $form: equal logits', ({ index, form }) => {
    const theirs = new Float32Array(new Uint8Array(readFileSync(output(index))).buffer);
    expect(theirs.length).toBe(ours[index]!.length);
    expect(relativeError(theirs, without[index]!)).toBeGreaterThan(0.1);
    expect(relativeError(theirs, ours[index]!)).toBeLessThan(TOLERANCE);
    if (form !== 'merged') expect(answers[index]).toEqual([]); // no warnings
  });
});

describe.skipIf(python.missing !== undefined)(`transformers on folders merged from GGUF${because}`, () => {
  it('opens every architecture with equal logits', async () => {
    const engine = createOnnxEngine();
    const questions: Question[] = [];
    const ours: Float32Array[] = [];
    for (const [name, stored] of GGUF_FILES) {
      const path = join(folder, `${name}.gguf`);
      await writeFloatCopy(stored, path, VOCABULARY);
      const model = await openModel(path, { cacheFolder: join(folder, 'cache') });
      const adapted = adaptedModel(model, await randomAdapter(model, planFor(model)));
      const { tokens } = loadGgufReference(name);
      const batch = {
        tokens: Int32Array.from(tokens.flat()),
        lossMask: new Uint8Array(tokens.flat().length).fill(1),
        sequences: tokens.length,
        seqLen: tokens[0]!.length,
      };
      ours.push(await logitsOf(engine, adapted, batch));
      const out = join(folder, `merged-${name}`);
      await exportMerged(out, adapted, { about: {} });
      questions.push({ kind: 'model', path: out, tokens, out: `${out}.f32` });
    }
    await engine.close();
    await python.tool!(questions);
    for (const [index, name] of [...GGUF_FILES.keys()].entries()) {
      const theirs = new Float32Array(
        new Uint8Array(readFileSync(join(folder, `merged-${name}.f32`))).buffer,
      );
      expect(relativeError(theirs, ours[index]!), name).toBeLessThan(TOLERANCE);
    }
  });
});

describe.skipIf(python.missing !== undefined)(
  `transformers on the stored type of merged models${because}`,
  () => {
    it('takes the weights as they were written, whichever key the base had', async () => {
      const types = ['float32', 'float16', 'bfloat16'] as const;
      const questions: Question[] = [];
      for (const key of ['dtype', 'torch_dtype']) {
        const base = join(folder, `base-${key}`);
        cpSync(loadReference('llama').folder, base, { recursive: true });
        const { torch_dtype: _, ...config } = JSON.parse(readFileSync(join(base, 'config.json'), 'utf8'));
        writeFileSync(join(base, 'config.json'), JSON.stringify({ ...config, [key]: 'bfloat16' }));
        const model = await openModel(base, { cacheFolder: join(folder, 'cache') });
        const adapted = adaptedModel(model, await randomAdapter(model, UNIFORM));
        for (const type of types) {
          const path = join(folder, `stored-${key}-${type}`);
          await exportMerged(path, adapted, { type, about: {} });
          questions.push({ kind: 'loaded_dtype', path });
        }
      }
      expect(await python.tool!(questions)).toEqual([...types, ...types]);
    });
  },
);

const smol = findSmolLm();
const missing = python.missing ?? smol.missing;
const reason = missing === undefined ? '' : ` (skipped: ${missing})`;
const TEXTS = [
  'Call me Ishmael. Some years ago—never mind how long precisely—having 1234 coins…',
  '  Tabs\tand\n\nlines, naïve café 日本語 🙂 don’t x = 10*y;',
  '<|im_start|>user\nHello<|im_end|>\n',
];

describe.skipIf(missing !== undefined)(`a folder merged from SmolLM2’s GGUF${reason}`, () => {
  it('is opened by transformers with equal tokens and logits', async () => {
    const model = await openModel(smol.tool!);
    const adapter = await randomAdapter(model, [{ end: 'q_proj', family: 'core', rank: 4 }], 0.5);
    const adapted = adaptedModel(model, adapter);
    const out = join(folder, 'smol');
    await exportMerged(out, adapted, { about: {} });
    const tokenizer = await model.tokenizer();
    const ids = tokenizer.encode(TEXTS[0]!);
    const batch = {
      tokens: Int32Array.from(ids),
      lossMask: new Uint8Array(ids.length).fill(1),
      sequences: 1,
      seqLen: ids.length,
    };
    const engine = createOnnxEngine();
    const logits = await logitsOf(engine, adapted, batch);
    await engine.close();
    const path = join(folder, 'smol.f32');
    const [tokens] = await python.tool!([
      { kind: 'tokenizer', path: out, texts: TEXTS },
      { kind: 'model', path: out, tokens: [ids], out: path },
    ]);
    expect(tokens).toEqual(TEXTS.map((text) => tokenizer.encode(text)));
    const theirs = new Float32Array(new Uint8Array(readFileSync(path)).buffer);
    expect(relativeError(theirs, logits)).toBeLessThan(TOLERANCE);
  });
});
