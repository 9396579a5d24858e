/** `rankscope train` as a person runs it: files, resuming, mistakes. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRunRecord, readTrainMetrics, readTrainRecord } from '../../src/record/index.ts';
import { makeWorkingFolder, overridden, runCli } from './run-cli.ts';
import { makeTinyModel, writeText } from './tiny-model.ts';

const cwd = makeWorkingFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
beforeAll(() => {
  makeTinyModel(join(cwd, 'tiny'));
  writeText(join(cwd, 'text.txt'), 300);
  writeText(join(cwd, 'other.txt'), 30);
});

const SMALL = ['--rank', '4', '--batch-size', '2', '--seq-len', '16', '--steps', '6', '--lr', '0.02'];
const trainTiny = (...args: string[]) =>
  runCli(['train', 'tiny', ...overridden(['--data', 'text.txt', ...SMALL], args)], { cwd });

describe('a run to its end', () => {
  it('leaves the adapter, the report and files for TensorBoard', async () => {
    const watch = ['--eval-data', 'other.txt', '--coverage-every', '3', '--out', 'runs/full'];
    const { code, stdout, stderr } = await trainTiny(...watch);
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^128 parameters on 8 layers \(core svd, rank 4\) after 6 steps\. Loss on the evaluation/,
    );
    const directory = join(cwd, 'runs/full');
    const files = readdirSync(directory).toSorted();
    const events = files.filter((name) => name.startsWith('events.out.tfevents.'));
    expect(events.length).toBe(1);
    expect(files.filter((name) => !events.includes(name))).toEqual([
      'adapter.json',
      'adapter.safetensors',
      'checkpoint.safetensors',
      'metrics.jsonl',
      'report.html',
      'run.json',
      'train.json',
    ]);
    expect(readRunRecord(directory)).toMatchObject({ command: 'train', status: 'complete' });
    expect(readTrainRecord(directory)).toMatchObject({ status: 'complete', step: 6 });
    expect(countRecords(readFileSync(join(directory, events[0]!)))).toBe(
      1 + readTrainMetrics(directory).length,
    );
    const page = readFileSync(join(directory, 'report.html'), 'utf8');
    expect(page).toContain('rankscope train tiny');
    for (const id of ['loss', 'coverage', 'gain', 'natural', 'rank', 'cosine', 'norm', 'rate'])
      expect(page, id).toContain(`id="${id}-912-title"`);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);

    const html = await runCli(['report', 'runs/full', '--format', 'html'], { cwd });
    expect(html).toMatchObject({ code: 0, stdout: page });
    expect(html.stderr).toMatch(/^next, /);
    const again = await runCli(['report', 'runs/full/train.json'], { cwd });
    expect(again.code).toBe(0);
    expect(again.stdout).toBe(`${stdout.split('\n')[0]}\n`);
    const { model } = JSON.parse(readFileSync(join(directory, 'adapter.json'), 'utf8'));
    expect(model.path).toBe(join(cwd, 'tiny'));
  });
});

describe('a run that is stopped', () => {
  it('keeps its last step, and goes on with --resume to the same end', async () => {
    const whole = await trainTiny('--steps', '40', '--out', 'runs/whole', '--json');
    const more = ['--steps', '40', '--out', 'runs/stopped'];
    const args = ['train', 'tiny', ...overridden(['--data', 'text.txt', ...SMALL], more)];
    let sent = false;
    const stopped = await runCli(args, {
      cwd,
      onStderr: (child, stderr) => {
        if (sent || !stderr.includes('step ')) return;
        sent = true;
        child.kill('SIGINT');
      },
    });
    expect(stopped.stderr).toContain('stopping after the step in progress');
    expect(stopped.code).toBe(130);
    const directory = join(cwd, 'runs/stopped');
    expect(readRunRecord(directory)!.status).toBe('partial');
    const { step } = readTrainRecord(directory);
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(40);
    const resumed = await runCli([...args, '--resume', '--json'], { cwd });
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toEqual(JSON.parse(whole.stdout));
    const losses = (folder: string) => readTrainMetrics(join(cwd, folder)).map(({ loss }) => loss);
    expect(losses('runs/stopped')).toEqual(losses('runs/whole'));
    const adapter = (folder: string) => readFileSync(join(cwd, folder, 'adapter.safetensors'));
    expect(adapter('runs/stopped').equals(adapter('runs/whole'))).toBe(true);
  });
});

describe('mistakes', () => {
  it.each([
    ['an option out of range', ['--rank', '0'], '--rank has a value that it cannot take'],
    ['a basis that is none', ['--basis', 'svdd'], '--basis has a value that it cannot take'],
    ['nothing to resume', ['--resume', '--out', 'runs/none'], 'there is no training run in runs/none'],
    ['data shorter than a batch', ['--batch-size', '5000'], 'text.txt is too short to train on'],
    ['a folder in use', ['--out', 'tiny'], 'is not empty'],
  ])('%s', async (_, args, message) => {
    const folder = args.includes('--out') ? [] : ['--out', 'runs/mistake'];
    const { code, stderr } = await trainTiny(...args, ...folder);
    expect(stderr).toContain(message);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, 'runs/mistake'))).toBe(false);
  });

  it('a plan with a missing layer, by name', async () => {
    const layers = [{ name: 'transformer.h.9.mlp.c_fc', family: 'core', basis: 'svd', rank: 2 }];
    writeFileSync(join(cwd, 'plan.json'), JSON.stringify({ schema: 'rankscope.plan', version: 1, layers }));
    const args = ['train', 'tiny', '--data', 'text.txt', '--plan', 'plan.json', '--out', 'runs/plan'];
    const { code, stderr } = await runCli(args, { cwd });
    expect(stderr).toContain('transformer.h.9.mlp.c_fc');
    expect(code).toBe(2);
  });

  it('a learning rate that diverges', async () => {
    const wild = ['--lr', '1e25', '--optimizer', 'sgd', '--clip', '0', '--checkpoint-every', '1'];
    const { code, stderr } = await trainTiny(...wild, '--out', 'runs/wild');
    expect(stderr).toMatch(/training broke down at step [2-4], first in transformer\.h\.0/);
    expect(code).toBe(2);
    const directory = join(cwd, 'runs/wild');
    expect(readRunRecord(directory)!.status).toBe('partial');
    expect(readTrainRecord(directory).status).toBe('partial');
    expect(existsSync(join(directory, 'checkpoint.safetensors'))).toBe(true);
    expect(readFileSync(join(directory, 'report.html'), 'utf8')).toContain('stopped early');
  });
});

/** TFRecords in an event file. */
function countRecords(file: Buffer): number {
  let count = 0;
  for (let at = 0; at < file.length; count++) at += 16 + Number(file.readBigUInt64LE(at));
  return count;
}
