/** `rankscope probe` as a person runs it: files, output, repeats, stops. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensorsHeader } from '../../src/checkpoint/index.ts';
import { type ProbeRecord, probeRecordSchema, readProbeRecord, readRunRecord } from '../../src/index.ts';
import { makeWorkingFolder, runCli } from './run-cli.ts';
import { makeTinyModel, writeText } from './tiny-model.ts';

const cwd = makeWorkingFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
beforeAll(() => {
  makeTinyModel(join(cwd, 'tiny'));
  writeText(join(cwd, 'text.txt'));
});

const probeTiny = (...args: string[]) => runCli(['probe', 'tiny', '--data', 'text.txt', ...args], { cwd });
const SMALL = ['--batches', '4', '--calibration-batches', '2', '--batch-size', '2', '--ranks', '2..8'];

/** Without what two equal runs may differ in. */
function comparable(record: ProbeRecord) {
  const { seconds: _, stageSeconds: __, peakMemoryBytes: ___, ...measured } = record.measured;
  return { ...record, measured };
}

it('measures one family alone', async () => {
  const run = await probeTiny(
    ...SMALL,
    '--families',
    'factors',
    '--ci-width',
    '0.5',
    '--json',
    '--out',
    'runs/one',
  );
  expect(run.code).toBe(0);
  const record = probeRecordSchema.parse(JSON.parse(run.stdout));
  const [basis] = record.global.bases;
  expect(basis!.families.map(({ family }) => family)).toEqual(['factors']);
  expect(basis!.families[0]!.points.at(-1)!.coverage.mean).toBeGreaterThan(0);
});

it('tells what the model’s files say that is not computed, on stderr and in the record', async () => {
  const model = makeTinyModel(join(cwd, 'windowed'));
  const config = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
  writeFileSync(join(model, 'config.json'), JSON.stringify({ ...config, sliding_window: 4 }));
  const args = [...SMALL, '--bases', 'random', '--families', 'core', '--out', 'runs/windowed'];
  const run = await runCli(['probe', 'windowed', '--data', 'text.txt', ...args], { cwd });
  expect(run.code).toBe(0);
  const [note] = readProbeRecord(join(cwd, 'runs/windowed')).notes;
  expect(note).toMatch(/sliding_window = 4, which is not computed/);
  expect(run.stderr).toContain(`warning: ${note}`);
  expect(run.stderr.match(/sliding_window/g)).toHaveLength(1);
});

describe('a run to its end', () => {
  let stdout = '';
  let stderr = '';
  beforeAll(async () => {
    const run = await probeTiny(...SMALL, '--out', 'runs/full', '--save-batches', '--save-frames');
    expect(run.stderr).not.toContain('error');
    expect(run.code).toBe(0);
    ({ stdout, stderr } = run);
  });

  it('leaves whole files that say what was run', () => {
    const directory = join(cwd, 'runs/full');
    expect(readdirSync(directory).sort()).toEqual([
      'batches.safetensors',
      'frames.safetensors',
      'metrics.jsonl',
      'probe.json',
      'report.html',
      'run.json',
    ]);
    const record = readProbeRecord(directory);
    expect(record.status).toBe('complete');
    expect(record.settings).toMatchObject({ ranks: [2, 4, 8], batches: 4, batchSize: 2, seqLen: 20 });
    const run = readRunRecord(directory)!;
    expect(run).toMatchObject({ command: 'probe', status: 'complete', seed: 0 });
    expect(run.arguments.slice(0, 3)).toEqual(['tiny', '--data', 'text.txt']);
    expect(readFileSync(join(directory, 'report.html'), 'utf8')).toContain('rankscope probe tiny');
    const lines = readFileSync(join(directory, 'metrics.jsonl'), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).batches)).toEqual([2, 4]);
  });

  it('keeps the tokens that were measured', () => {
    const { tensors } = readSafetensorsHeader(join(cwd, 'runs/full/batches.safetensors'));
    expect(tensors.get('tokens')).toMatchObject({ dtype: 'I32', shape: [4, 2, 20] });
    expect(tensors.get('lossMask')).toMatchObject({ dtype: 'U8', shape: [4, 2, 20] });
    const mask = tensors.get('lossMask')!;
    const bytes = readFileSync(mask.path).subarray(mask.offset, mask.offset + mask.length);
    expect(bytes.reduce((sum, byte) => sum + byte, 0)).toBe(
      readProbeRecord(join(cwd, 'runs/full')).measured.targets,
    );
  });

  it('prints a table of at most 100 columns that ends by naming the report', () => {
    const lines = stdout.trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(lines.at(-1)).toBe('report: runs/full/report.html');
    expect(stdout).toContain('Core adapters');
  });

  it('tells the memory before the work, and then how far it is', () => {
    expect(stderr).toMatch(
      /opening tiny\n\S+: 1 document, [^\n]*\n( {2}[^\n]*\n)+estimated peak memory: [\d.]+ [MG]B of [\d.]+ [MG]B\nmaking frames \d+ %: 1 of/,
    );
    expect(stderr).toMatch(/measuring batches \d+ %: 2 of 4/);
    expect(stderr).not.toContain('\u001b');
  });

  it('is shown again by `report`', async () => {
    const again = await runCli(['report', 'runs/full'], { cwd });
    expect(again.code).toBe(0);
    expect(stdout.startsWith(again.stdout.trimEnd())).toBe(true);
    const html = await runCli(['report', 'runs/full', '--format', 'html'], { cwd });
    expect(html.stdout).toBe(readFileSync(join(cwd, 'runs/full/report.html'), 'utf8'));
  });
});

it('prints the record alone with --json, and the same one again for the same seed', async () => {
  const args = [...SMALL, '--json', '--quiet', '--seed', '7'];
  const first = await probeTiny(...args, '--out', 'runs/json-1');
  const second = await probeTiny(...args, '--out', 'runs/json-2');
  const other = await probeTiny(...SMALL, '--json', '--quiet', '--seed', '8', '--out', 'runs/json-3');
  expect([first.code, first.stderr]).toEqual([0, '']);
  const parse = (text: string) => probeRecordSchema.parse(JSON.parse(text));
  expect(parse(first.stdout)).toEqual(readProbeRecord(join(cwd, 'runs/json-1')));
  expect(comparable(parse(second.stdout))).toEqual(comparable(parse(first.stdout)));
  expect(parse(other.stdout).measured.loss).not.toEqual(parse(first.stdout).measured.loss);
});

it('takes options from a file, and flags before it', async () => {
  const lines = ['bases: [svd]', 'ranks: 2..4', 'seqLen: 10', 'batch-size: 2', 'pack: false', 'json: true'];
  writeFileSync(join(cwd, 'probe.yaml'), [...lines, 'batches: 8', 'natural: false'].join('\n'));
  const run = await probeTiny('--config', 'probe.yaml', '--batches', '2', '--pack', '--out', 'runs/config');
  expect(run.code, run.stderr).toBe(0);
  expect(JSON.parse(run.stdout).settings).toMatchObject({
    bases: ['svd'],
    ranks: [2, 4],
    seqLen: 10,
    batchSize: 2,
    batches: 2,
    pack: true,
    natural: false,
  });
});

describe('Ctrl-C', () => {
  const interruptAt = (pattern: RegExp, args: readonly string[]) => {
    let sent = false;
    return runCli(['probe', 'tiny', '--data', 'text.txt', ...args], {
      cwd,
      onStderr: (child, stderr) => {
        if (sent || !pattern.test(stderr)) return;
        sent = true;
        child.kill('SIGINT');
      },
    });
  };

  it('keeps what was measured so far, marked partial', async () => {
    const many = [
      '--batches',
      '200',
      '--bases',
      'random',
      '--spectrum-batches',
      '1',
      '--out',
      'runs/partial',
    ];
    const run = await interruptAt(/measuring batches/, many);
    expect(run.code, run.stderr).toBe(130);
    const record = readProbeRecord(join(cwd, 'runs/partial'));
    expect(record.status).toBe('partial');
    expect(record.measured.batches).toBeGreaterThanOrEqual(2);
    expect(record.measured.batches).toBeLessThan(200);
    expect(readRunRecord(join(cwd, 'runs/partial'))!.status).toBe('partial');
    expect(run.stdout).toMatch(/partial[\s\S]*report: runs\/partial\/report\.html/);
  });

  it('leaves nothing when nothing was measured', async () => {
    const run = await interruptAt(/estimated peak memory/, [
      '--calibration-batches',
      '50',
      '--out',
      'new/run',
    ]);
    expect(run.code, run.stderr).toBe(130);
    expect(run.stderr).toContain('stopped before anything was measured');
    expect(run.stdout).toBe('');
    expect(existsSync(join(cwd, 'new'))).toBe(false);
  });
});
