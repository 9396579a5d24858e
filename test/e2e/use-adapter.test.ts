/** A finished adapter in use: exported, evaluated, heard. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveAdapter } from '../../src/adapters/index.ts';
import { randomAdapter } from '../../src/adapters/testing.ts';
import { openModel } from '../../src/models/index.ts';
import { makeWorkingFolder, runCli } from './run-cli.ts';
import { makeTinyModel, writeText } from './tiny-model.ts';

const cwd = makeWorkingFolder();
const at = (...path: string[]) => join(cwd, ...path);
const run = (...args: string[]) => runCli(args, { cwd });
const json = (...path: string[]) => JSON.parse(readFileSync(at(...path), 'utf8'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

beforeAll(async () => {
  const model = await openModel(makeTinyModel(at('tiny')));
  writeText(at('text.txt'), 400);
  for (const [name, family] of [
    ['core', 'core'],
    ['whole', 'full'],
  ] as const) {
    mkdirSync(at(name));
    await saveAdapter(at(name), await randomAdapter(model, [{ end: 'c_attn', family, rank: 4 }]));
  }
});

describe('rankscope export', () => {
  it('writes an adapter for PEFT, and says how large it is', async () => {
    const { code, stdout } = await run('export', 'core', '--out', 'deep/peft', '--portable');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^deep\/peft: \d+ bytes, 32 trained parameters\n$/);
    expect(json('deep/peft/adapter_config.json')).toMatchObject({
      r: 4,
      base_model_name_or_path: at('tiny'),
    });
    expect(json('deep/peft/rankscope.json').adapter.layers[0]).toMatchObject({ family: 'core', rank: 4 });
    expect(readdirSync(at('deep'))).toEqual(['peft']);
  });

  it('names the base model as asked, and only the right one', async () => {
    const named = await run('export', 'core', '--out', 'named', '--base-model', 'someone/tiny');
    expect(named.code).toBe(0);
    expect(named.stderr).toMatch(/^next, .*:\n {2}python -c .*\n$/);
    expect(json('named/adapter_config.json').base_model_name_or_path).toBe('someone/tiny');
    const local = await run('export', 'core', '--out', 'local');
    expect(local.stderr).toContain('--base-model');
    makeTinyModel(at('other'));
    const weights = readFileSync(at('other/model.safetensors'));
    weights.writeFloatLE(0.25, weights.length - 4);
    writeFileSync(at('other/model.safetensors'), weights);
    const other = await run('export', 'core', '--out', 'wrong', '--model', 'other');
    expect(other).toMatchObject({ code: 2, stdout: '' });
    expect(other.stderr).toContain('belongs to another model');
    expect(existsSync(at('wrong'))).toBe(false);
  });

  it('says how much of a change 16 bits take', async () => {
    const args = ['export', 'core', '--format', 'merged', '--type', 'bfloat16', '--out', 'rounded'];
    const { code, stderr } = await run(...args);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /Rounding to 16 bits took \d[\d.]* % of ‖ΔW‖, at most \d[\d.]* % \(transformer\.h/,
    );
    expect(json('rounded/rankscope.json').rounding.overall).toBeGreaterThan(0);
  });

  it('merges an adapter of whole matrices into its model', async () => {
    const { code } = await run('export', 'whole', '--format', 'merged', '--out', 'merged');
    expect(code).toBe(0);
    expect(readdirSync(at('merged')).toSorted()).toEqual([
      'config.json',
      'model.safetensors',
      'rankscope.json',
      'tokenizer.json',
    ]);
  });

  it.each([
    ['whole', ['--out', 'x'], /no low-rank form[\s\S]*--format merged/],
    ['core', ['--out', 'tiny'], /tiny is not empty/],
    ['core', [], /--out/],
    ['core', ['--out', 'x', '--format', 'merged', '--portable'], /--portable means nothing/],
    ['core', ['--out', 'x.gguf', '--format', 'gguf-lora'], /gpt2/],
    ['core', ['--out', 'x', '--format', 'onnx'], /peft or merged or gguf-lora/],
    ['tiny', ['--out', 'x'], /adapter\.json/],
  ])('refuses %s with %j', async (adapter, args, message) => {
    const { code, stderr } = await run('export', adapter, ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    for (const path of ['x', 'x.gguf']) expect(existsSync(at(path))).toBe(false);
  });
});

describe('rankscope eval', () => {
  const shared = ['--data', 'text.txt', '--seq-len', '20'];

  it('measures the model, the adapter, and the same merged', async () => {
    const { code, stdout } = await run('eval', ...shared, '--adapter', 'core', 'whole', '--json');
    expect(code).toBe(0);
    const { data, results } = JSON.parse(stdout);
    expect(data).toMatchObject({ path: 'text.txt', seqLen: 20 });
    expect(results.map(({ name, form }: { name: string; form: string }) => `${form} ${name}`)).toEqual([
      'model tiny',
      'adapter core',
      'merged core',
      'adapter whole',
      'merged whole',
    ]);
    const [base, factored, merged] = results;
    expect(base.change).toBeNull();
    expect(Math.abs(base.loss.mean - Math.log(61))).toBeLessThan(0.5); // an untrained model of 61 tokens
    expect(base.perplexity.mean).toBeCloseTo(Math.exp(base.loss.mean), 9);
    expect(Math.abs(factored.change.mean)).toBeGreaterThan(1e-3);
    expect(factored.change.mean).toBeCloseTo(factored.loss.mean - base.loss.mean, 6);
    expect(merged.loss.mean).toBeCloseTo(factored.loss.mean, 5);
    expect(base.loss.low).toBeLessThan(base.loss.mean);
  });

  it('prints a table', async () => {
    const { stdout } = await run('eval', 'tiny', ...shared, '--adapter', 'core', '--no-merged');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^text\.txt: \d+ sequences of 20 tokens$/);
    expect(lines[1]).toMatch(/loss \(95 %\) +perplexity \(95 %\) +change of loss/);
    expect(lines[2]).toMatch(/^tiny +\d\.\d{4} \[\d\.\d{4}, \d\.\d{4}\] +\d+\.\d\d/);
    expect(lines[3]).toMatch(/^with core .*[+-]\d\.\d{4} \[/);
  });

  it.each([
    [['tiny'], /--data/],
    [['tiny', '--data', 'text.txt', '--seq-len', '21'], /at most 20/],
    [['tiny', ...shared, '--adapter', 'nowhere'], /nowhere/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run('eval', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('rankscope generate', () => {
  const say = async (...args: string[]) => {
    const { code, stdout, stderr } = await run('generate', 'tiny', '--prompt', 'a b', ...args);
    expect(code, stderr).toBe(0);
    return stdout;
  };

  it('continues a text: the same for a seed, another with an adapter', async () => {
    const first = await say('--max-tokens', '30');
    expect(first.length).toBeGreaterThan(5);
    expect(first.endsWith('\n')).toBe(true);
    expect(await say('--max-tokens', '30')).toBe(first);
    expect(await say('--max-tokens', '30', '--seed', '1')).not.toBe(first);
    expect(await say('--max-tokens', '30', '--adapter', 'core')).not.toBe(first);
  });

  it.each([
    [['tiny'], /--prompt/],
    [['tiny', '--prompt', 'a', '--top-p', '2'], /a number from 0 to 1/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await run('generate', ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
