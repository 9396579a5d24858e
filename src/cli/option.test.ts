import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { type OptionSpec, resolveOptions } from '../options/index.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { PROBE_OPTIONS } from './probe-options.ts';
import { TRAIN_OPTIONS } from './train-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'rankscope-options-'));
const file = join(folder, 'options.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

function read(args: readonly string[], config?: string) {
  const command = new Command().exitOverride();
  addOptions(command, PROBE_OPTIONS);
  if (config !== undefined) writeFileSync(file, config);
  command.parse(config === undefined ? args : [...args, '--config', file], { from: 'user' });
  return readOptions(command, PROBE_OPTIONS);
}

const codeOf = (code: string, message?: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message ?? /./) });
const failure = (...args: Parameters<typeof read>) => {
  try {
    return read(...args);
  } catch (error) {
    return error;
  }
};

describe('an options file', () => {
  it('may be written as other programs have theirs', () => {
    expect(read([], 'seq_len: 64\nlora_target_modules: [q_proj, v_proj]\n')).toEqual({
      seqLen: 64,
      layers: 'q_proj,v_proj',
    });
  });

  it('is told what to do in place of a key of another program', () => {
    expect(failure([], 'load_in_4bit: true\n')).toEqual(codeOf('config-unknown-key', /to do: .*GGUF/));
    expect(failure([], 'bases: pissa\n')).toEqual(codeOf('option-invalid', /to do: .*--basis svd/));
  });
});

describe('flags', () => {
  it('hold only what is given, as values', () => {
    expect(read([])).toEqual({});
    const args = [
      '--ranks',
      '2, 4,8',
      '--bases',
      'svd,svd-minor',
      '--seed',
      '0',
      '--ci-width',
      '0.02',
      '--no-pack',
    ];
    expect(read([...args, '--json', '--layers', '*attn*'])).toEqual({
      ranks: [2, 4, 8],
      bases: ['svd', 'svd-minor'],
      seed: 0,
      ciWidth: 0.02,
      pack: false,
      json: true,
      layers: '*attn*',
    });
  });

  it('take ranges of ranks as doublings', () => {
    expect(read(['--ranks', '2..64']).ranks).toEqual([2, 4, 8, 16, 32, 64]);
    expect(read(['--ranks', '1,3..13,5']).ranks).toEqual([1, 3, 6, 12, 5]);
  });

  it.each([
    ['--ranks', '0..4', /"0\.\.4"/],
    ['--ranks', '4,,8', /""/],
    ['--ranks', '-4', /"-4"|-4/],
    ['--batches', '2.5', /got: +"?2\.5/],
    ['--batches', 'Infinity', /Infinity|null/],
    ['--seq-len', '1', /from 2/],
    ['--compute', 'float16', /"float16"\n +expected: float32 or int8/],
    ['--ridge', '0', /above 0/],
    ['--seed', '1e20', /--seed/],
    ['--out', '', /--out .*\n +got: +""/],
  ])('refuse %s %s', (flag, value, message) => {
    expect(failure([`${flag}=${value}`])).toEqual(codeOf('option-invalid', message));
  });
});

describe('a configuration file', () => {
  it('knows both spellings, lists and numbers, and yields to flags', () => {
    const config =
      'seq-len: 64\nbatchSize: 2\nranks: [2, 4]\nbases: svd, random\nlayers: "*"\nnatural: false\n';
    expect(read(['--batch-size', '8', '--natural'], config)).toEqual({
      seqLen: 64,
      batchSize: 8,
      ranks: [2, 4],
      bases: ['svd', 'random'],
      layers: '*',
      natural: true,
    });
    expect(read([], '# nothing\n')).toEqual({});
    expect(read([], 'ranks: 16').ranks).toEqual([16]);
  });

  it('says what is wrong with it', () => {
    expect(failure([], 'seqlen: 4')).toEqual(codeOf('config-unknown-key', /got: +seqlen[\s\S]*seq-len/));
    expect(failure([], 'seq-len: 4\nseqLen: 5')).toEqual(codeOf('config-key-twice', /seq-len twice/));
    expect(failure([], '- 4')).toEqual(codeOf('config-not-a-map'));
    expect(failure([], 'a: [')).toEqual(codeOf('config-not-yaml'));
    expect(failure([], 'json: "yes"')).toEqual(codeOf('option-invalid', /json in .*options\.yaml/));
    expect(failure([], 'ranks: [2, four]')).toEqual(codeOf('option-invalid', /"four"/));
    expect(failure(['--config', join(folder, 'none.yaml')])).toEqual(
      codeOf('config-not-readable', /none\.yaml/),
    );
  });
});

describe('a name that other programs use', () => {
  const readTrain = (args: readonly string[]) => {
    const command = new Command().exitOverride();
    addOptions(command, TRAIN_OPTIONS);
    command.parse(args, { from: 'user' });
    return readOptions(command, TRAIN_OPTIONS);
  };

  it('means the same option', () => {
    expect(readTrain(['--learning-rate', '3e-4', '--r', '8'])).toEqual({ learningRate: 3e-4, rank: 8 });
    expect(readTrain(['--lr', '3e-4', '--clip', '0'])).toEqual({ learningRate: 3e-4, clip: null });
  });

  it('is refused beside the first name, and named in errors', () => {
    expect(() => readTrain(['--lr', '1', '--learning-rate', '1'])).toThrow(
      /--lr and --learning-rate are the same option/,
    );
    expect(() => readTrain(['--learning-rate', 'fast'])).toThrow(/--learning-rate has a value/);
    expect(() => readTrain(['--lr', 'fast'])).toThrow(/--lr has a value/);
  });
});

it('an error of the library names its options, and the command its flags', async () => {
  const refuse = async () => resolveOptions(TRAIN_OPTIONS, { learningRate: -1 });
  await expect(refuse()).rejects.toThrow(/^learningRate is out of range\n +got: +-1\n/);
  await expect(sayingFlags(TRAIN_OPTIONS, refuse)).rejects.toThrow(/^--lr is out of range\n/);
  await expect(sayingFlags({}, async () => resolveOptions(TRAIN_OPTIONS, { batchSize: 0 }))).rejects.toThrow(
    /^--batch-size is/,
  );
});

it.each([
  ['probe', PROBE_OPTIONS],
  ['train', TRAIN_OPTIONS],
])('every default and example of %s is one that its option takes', (_, specs) => {
  for (const [name, spec] of Object.entries<OptionSpec>(specs)) {
    if (spec.default !== undefined) expect(spec.schema.safeParse(spec.default).success, name).toBe(true);
    if (typeof spec.default === 'boolean') continue;
    const value = /^--\S+ '?([^' ]+)/.exec(spec.example)![1]!;
    expect(spec.schema.safeParse(spec.parse?.(value) ?? value).success, name).toBe(true);
  }
});
