import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { InvariantError, UserError } from '../errors/index.ts';
import { claimsRecordSchema } from './claims-record.ts';
import {
  appendMetrics,
  createRunDirectory,
  discardRun,
  finishRun,
  holdsReproduction,
  holdsTraining,
  type ProbeRecord,
  type ReproductionRecord,
  type RunRecord,
  readAdapterRecord,
  readProbeRecord,
  readReproductionRecord,
  readRunRecord,
  roundSignificant,
  writeJsonAtomic,
  writeProbeRecord,
  writeReproductionRecord,
} from './index.ts';

const run: RunRecord = {
  schema: 'rankscope.run',
  version: 1,
  command: 'probe',
  arguments: ['--seed', '7'],
  status: 'running',
  startedAt: '2026-01-02T03:04:05.000Z',
  finishedAt: null,
  versions: { rankscope: '0.1.0' },
  machine: { processor: 'test', cores: 2, memoryBytes: 1e9 },
  seed: 7,
};

const probe: ProbeRecord = {
  schema: 'rankscope.probe',
  version: 1,
  status: 'complete',
  model: { path: 'm', name: 'm', architecture: 'gpt2', format: 'safetensors', parameters: 10, sha256: 'ab' },
  data: { path: 'd', sha256: 'cd', documents: 1, tokens: 64 },
  settings: {
    bases: ['svd'],
    framesFiles: [],
    families: ['core'],
    ranks: [2],
    layers: '**',
    batches: 1,
    batchSize: 1,
    seqLen: 8,
    pack: true,
    calibrationBatches: 1,
    spectrumBatches: 1,
    randomFrames: 1,
    natural: true,
    ridge: 0.3,
    ciWidth: null,
    compute: 'float32',
    seed: 7,
  },
  measured: {
    batches: 1,
    targets: 7,
    loss: { mean: 5, low: 5, high: 5 },
    seconds: 1,
    peakMemoryBytes: 1,
    estimatedMemoryBytes: 1,
  },
  notes: [],
  global: { gradientNorm: { mean: 1, low: 1, high: 1 }, bases: [] },
  moduleTypes: [],
  layers: [],
};

const reproduction: ReproductionRecord = {
  schema: 'rankscope.reproduction',
  version: 1,
  status: 'partial',
  quick: true,
  command: 'rankscope reproduce all --quick',
  versions: run.versions,
  machine: run.machine,
  settings: [],
  level: 0.05,
  claims: [
    {
      id: 'paper87-a/linear',
      experiment: 'paper87-a',
      rows: ['M6'],
      statement: 's',
      sourceFigure: '',
      setting: 'pretrained',
      quantity: 'q',
      estimate: { mean: 1, low: 0.5, high: 1.5 },
      replicates: 2,
      rule: 'r',
      p: null,
      pHolm: null,
      verdict: 'inconclusive',
      why: 'w',
    },
  ],
  experiments: [],
};

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'rankscope-record-')), 'run');
});

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
  return 'no error';
};

describe('a run directory', () => {
  it('gives back what was written', () => {
    const directory = createRunDirectory(folder, run);
    expect(readRunRecord(directory)).toEqual(run);
    writeProbeRecord(directory, probe);
    expect(readProbeRecord(directory)).toEqual(probe);
    expect(readProbeRecord(join(directory, 'probe.json'))).toEqual(probe);
    expect(readRunRecord(join(directory, 'probe.json'))).toEqual(run);
    expect(readdirSync(directory).sort()).toEqual(['probe.json', 'run.json']);
  });

  it('gives probes of before there were types of modules none', () => {
    const directory = createRunDirectory(folder, run);
    const { moduleTypes, ...older } = probe;
    writeFileSync(join(directory, 'probe.json'), JSON.stringify(older));
    expect(readProbeRecord(directory)).toEqual(probe);
  });

  it('holds a reproduction, with its claims alone beside it', () => {
    const directory = createRunDirectory(folder, run);
    expect(holdsReproduction(directory)).toBe(false);
    writeReproductionRecord(directory, reproduction);
    const file = join(directory, 'reproduction.json');
    expect(readReproductionRecord(directory)).toEqual(reproduction);
    expect(readReproductionRecord(file)).toEqual(reproduction);
    expect([directory, file].map(holdsReproduction)).toEqual([true, true]);
    expect([directory, file].map(holdsTraining)).toEqual([false, false]);
    expect(codeOf(() => readProbeRecord(file))).toBe('record-wrong-kind');
    const claims = claimsRecordSchema.parse(JSON.parse(readFileSync(join(directory, 'claims.json'), 'utf8')));
    expect(claims.claims).toEqual(reproduction.claims);
    expect([claims.status, claims.quick, claims.level]).toEqual(['partial', true, 0.05]);
  });

  it('states how and when the run ended', () => {
    const directory = createRunDirectory(folder, run);
    finishRun(directory, 'partial');
    const ended = readRunRecord(directory)!;
    expect(ended.status).toBe('partial');
    expect(Date.parse(ended.finishedAt!)).toBeGreaterThan(Date.parse(run.startedAt));
  });

  it('holds one metrics object per line', () => {
    const directory = createRunDirectory(folder, run);
    appendMetrics(directory, { batch: 1, loss: 5.5 });
    appendMetrics(directory, { batch: 2, loss: 5.25 });
    const text = readFileSync(join(directory, 'metrics.jsonl'), 'utf8');
    expect(text).toBe('{"batch":1,"loss":5.5}\n{"batch":2,"loss":5.25}\n');
    expect(() => appendMetrics(directory, { loss: Number.NaN })).toThrow(InvariantError);
  });

  it('is not made over files that are there', () => {
    mkdirSync(folder);
    expect(createRunDirectory(folder, run)).toBe(folder);
    expect(codeOf(() => createRunDirectory(folder, run))).toBe('output-exists');
  });

  it('goes away with a run that failed, but never with the files of others', () => {
    discardRun(createRunDirectory(folder, run));
    expect(existsSync(folder)).toBe(false);
    createRunDirectory(folder, run);
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    discardRun(folder);
    expect(readdirSync(folder)).toEqual(['notes.txt']);
  });
});

describe('writing', () => {
  it('tells a place that cannot be written', () => {
    const file = join(folder, '..', 'a-file');
    writeFileSync(file, '');
    expect(codeOf(() => createRunDirectory(join(file, 'run'), run))).toBe('cannot-write');
  });

  it.runIf(existsSync('/dev/full'))('tells a full disk', () => {
    const directory = createRunDirectory(folder, run);
    symlinkSync('/dev/full', join(directory, 'metrics.jsonl'));
    expect(() => appendMetrics(directory, { loss: 1 })).toThrow(/no space left on the disk \(ENOSPC\)/);
  });

  it('keeps the old file and no scraps when it fails', () => {
    const file = join(folder, '..', 'value.json');
    writeJsonAtomic(file, { a: 1 });
    expect(() => writeJsonAtomic(file, { a: Number.POSITIVE_INFINITY })).toThrow(InvariantError);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ a: 1 });
    writeJsonAtomic(file, { a: 1, b: 1, c: 1e30, d: 0.5 }, new Set(['b', 'c', 'd']));
    expect(readFileSync(file, 'utf8')).toBe('{\n"a": 1,\n"b": 1.0,\n"c": 1e+30,\n"d": 0.5\n}\n');
    const occupied = join(folder, '..', 'occupied');
    mkdirSync(join(occupied, 'inside'), { recursive: true });
    expect(codeOf(() => writeJsonAtomic(occupied, 1))).toBe('cannot-write');
    expect(readdirSync(join(folder, '..')).sort()).toEqual(['occupied', 'value.json']);
  });

  it('refuses a record that breaks its schema', () => {
    const directory = createRunDirectory(folder, run);
    const wrong = { ...probe, measured: { ...probe.measured, seconds: Number.NaN } };
    expect(() => writeProbeRecord(directory, wrong)).toThrow(/seconds/);
    expect(existsSync(join(directory, 'probe.json'))).toBe(false);
  });
});

describe('reading', () => {
  const write = (value: unknown): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'probe.json'), typeof value === 'string' ? value : JSON.stringify(value));
    return folder;
  };

  it('says which version it can read', () => {
    const path = write({ ...probe, version: 2 });
    expect(codeOf(() => readProbeRecord(path))).toBe('record-wrong-kind');
    expect(() => readProbeRecord(path)).toThrow(
      /got: +rankscope\.probe, version 2\n +expected: rankscope\.probe, version 1/,
    );
  });

  it('names the field that is wrong', () => {
    const path = write({ ...probe, notes: 3, extra: 1 });
    expect(codeOf(() => readProbeRecord(path))).toBe('record-invalid');
    expect(() => readProbeRecord(path)).toThrow(/notes[\s\S]*extra|extra[\s\S]*notes/);
  });

  it('knows the frames files of older records by their place, and refuses a basis that has none', () => {
    const { settings, ...rest } = probe;
    const files = [
      { path: 'a.safetensors', label: 'natural' },
      { path: 'b.safetensors', label: 'svd' },
    ];
    const written = (bases: string[], framesFiles: object[]) => {
      const path = join(folder, '..', `files-${bases.join('-')}.json`);
      writeFileSync(path, JSON.stringify({ ...rest, settings: { ...settings, bases, framesFiles } }));
      return path;
    };
    const read = readProbeRecord(written(['svd', 'file', 'file-2'], files));
    expect(read.settings.framesFiles.map(({ name }) => name)).toEqual(['file', 'file-2']);
    expect(() => readProbeRecord(written(['svd', 'file-2'], files.slice(1)))).toThrow(
      expect.objectContaining({ code: 'record-invalid' }),
    );
  });

  it('tells absent, cut-off and foreign files apart', () => {
    expect(codeOf(() => readProbeRecord(folder))).toBe('file-not-found');
    expect(codeOf(() => readProbeRecord(write('{"schema": "ranksc')))).toBe('record-not-json');
    expect(codeOf(() => readProbeRecord(write('[1]')))).toBe('record-wrong-kind');
    expect(codeOf(() => readProbeRecord(write(run)))).toBe('record-wrong-kind');
    expect(readRunRecord(folder)).toBeNull();
    writeFileSync(join(folder, 'adapter_config.json'), '{}');
    expect(codeOf(() => readAdapterRecord(folder))).toBe('adapter-foreign');
  });
});

describe('roundSignificant', () => {
  it('keeps five digits at any size', () => {
    expect(roundSignificant(0.00123456789, 5)).toBe(0.0012346);
    expect(roundSignificant(123456.789, 5)).toBe(123460);
    expect(roundSignificant(0, 5)).toBe(0);
  });
});
