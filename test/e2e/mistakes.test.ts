/** Mistakes from outside: each gives one clear message and exit code 2, and leaves nothing behind. */
import { cpSync, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorkingFolder, runCli } from './run-cli.ts';
import { makeTinyModel, putNanInto, writeText } from './tiny-model.ts';

const cwd = makeWorkingFolder();
const at = (path: string) => join(cwd, path);
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

beforeAll(() => {
  makeTinyModel(at('tiny'));
  writeText(at('text.txt'));
  writeFileSync(at('empty.txt'), '\n');
  writeFileSync(at('letter.txt'), 'a');
  writeFileSync(at('unknown.yaml'), 'rank: 4\n');
  writeFileSync(at('wrong.yaml'), 'batch-size: many\n');
  truncateSync(join(makeTinyModel(at('truncated')), 'model.safetensors'), 5000);
  putNanInto(makeTinyModel(at('nan')));
  const tooMany = Object.fromEntries(
    Array.from({ length: 26 }, (_, i) => [String.fromCharCode(97 + i), i + 50]),
  );
  makeTinyModel(at('misfit'), tooMany);
  mkdirSync(at('occupied'));
  cpSync(at('text.txt'), at('occupied/mine.txt'));
});

const ON_TEXT = ['--data', 'text.txt'];

it.each([
  ['a missing model', ['nowhere', ...ON_TEXT], /nowhere/],
  ['truncated weights', ['truncated', ...ON_TEXT], /truncated\/model\.safetensors/],
  ['a tokenizer that does not fit', ['misfit', ...ON_TEXT], /ids up to 75[\s\S]*vocab_size, 61/],
  ['weights that are not numbers', ['nan', ...ON_TEXT], /NaN at index/],
  ['a missing text', ['tiny', '--data', 'no.txt'], /no\.txt cannot be read/],
  ['no text at all', ['tiny'], /--data/],
  ['an empty text', ['tiny', '--data', 'empty.txt'], /holds no text/],
  ['a text of one token', ['tiny', '--data', 'letter.txt'], /got: +1 tokens/],
  ['too large a rank', ['tiny', ...ON_TEXT, '--ranks', '4,4096'], /got: +4096\n +expected: at most/],
  ['a sequence beyond the context', ['tiny', ...ON_TEXT, '--seq-len', '21'], /context of 20/],
  ['a pattern that no layer matches', ['tiny', ...ON_TEXT, '--layers', 'x*'], /no layer.*--layers/],
  ['an unknown basis', ['tiny', ...ON_TEXT, '--bases', 'svd,pca'], /got: +"pca"\n +expected: any of svd,/],
  ['a rank that is no number', ['tiny', ...ON_TEXT, '--ranks', '8..2'], /--ranks[\s\S]*"8\.\.2"/],
  [
    'too little memory',
    ['tiny', ...ON_TEXT, '--memory', '50MB'],
    /does not fit into the memory that it may take\n +got: +50 MB, as asked\n +expected: at least 3\d\d MB/,
  ],
  ['a size that is none', ['tiny', ...ON_TEXT, '--memory', 'much'], /--memory[\s\S]*"much"[\s\S]*12GB/],
  ['no batches', ['tiny', ...ON_TEXT, '--batches', '0'], /--batches[\s\S]*from 1/],
  [
    'an unknown flag',
    ['tiny', ...ON_TEXT, '--rnaks', '4'],
    /unknown option '--rnaks'\n\(Did you mean --ranks\?\)/,
  ],
  [
    'a flag of another program',
    ['tiny', ...ON_TEXT, '--lora_rank', '4'],
    /--lora-rank is no option of rankscope probe\n +to do: .*--ranks 4,16,64/,
  ],
  [
    'an unknown key',
    ['tiny', ...ON_TEXT, '--config', 'unknown.yaml'],
    /got: +rank\n +expected: any of.* ranks,/,
  ],
  ['a wrong value', ['tiny', ...ON_TEXT, '--config', 'wrong.yaml'], /batchSize in wrong\.yaml[\s\S]*"many"/],
  ['a missing configuration', ['tiny', ...ON_TEXT, '--config', 'no.yaml'], /no\.yaml/],
])('%s', async (_, args, message) => {
  const run = await runCli(['probe', ...args, '--out', 'new/run'], { cwd });
  expect(run.stderr).toMatch(message);
  expect(run.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(run.stderr).not.toMatch(/^ +at /m);
  expect(run).toMatchObject({ code: 2, stdout: '' });
  expect(existsSync(at('new'))).toBe(false);
});

describe('a place that cannot be written', () => {
  const refuse = async (out: string, message: RegExp) => {
    const run = await runCli(['probe', 'tiny', ...ON_TEXT, '--out', out], { cwd });
    expect(run.stderr).toMatch(message);
    expect(run.stderr.match(/^error: /gm)).toHaveLength(1);
    expect(run).toMatchObject({ code: 2, stdout: '' });
  };

  it('below a file', () => refuse('text.txt/run', /cannot be made[\s\S]*ENOTDIR/));
  it('where files are', () => refuse('occupied', /not empty[\s\S]*mine\.txt/));
  it.runIf(existsSync('/proc/self'))('on a file system that takes no files', () =>
    refuse('/proc/rankscope-run', /cannot be made/),
  );
});

describe.runIf(process.platform === 'linux')('a disk without room', () => {
  const small = ['--batches', '2', '--calibration-batches', '2', '--ranks', '2', '--bases', 'svd,random'];
  it.each([
    ['for the lock of the run', 0, /new\/run cannot be written/],
    ['for the frames', 20, /frames\.safetensors cannot be written/],
    ['for the record', 36, /probe\.json cannot be written/],
  ])('%s', async (_, fileLimit, message) => {
    const args = ['probe', 'tiny', ...ON_TEXT, ...small, '--out', 'new/run', '--quiet'];
    const run = await runCli(args, { cwd, fileLimit });
    expect(run.stderr).toMatch(message);
    expect(run.stderr.match(/^error: /gm)).toHaveLength(1);
    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(existsSync(at('new'))).toBe(false);
  });
});

it('an unknown command', async () => {
  const run = await runCli(['prob'], { cwd });
  expect(run.stderr).toMatch(/unknown command 'prob'\n\(Did you mean probe\?\)/);
  expect(run.code).toBe(2);
});

it('a record that is none', async () => {
  const run = await runCli(['report', 'text.txt'], { cwd });
  expect(run.stderr).toMatch(/text\.txt is not JSON/);
  expect(run.code).toBe(2);
});
