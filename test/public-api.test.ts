/**
 * What the package offers: a name that comes or goes shows here, and so does a type that changes (`npm run types` checks
 * them). Options themselves stand in their tables and are not listed again.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as graph from '../src/graph-entry.ts';
import type {
  Adapter,
  AdapterFamily,
  Basis,
  Compute,
  Documents,
  Family,
  Interval,
  LowRankUpdate,
  Model,
  OpenModelOptions,
  PeftOptions,
  ProbeOptions,
  ProbeRecord,
  ProbeResult,
  ReadSequences,
  RunRecord,
  SequenceLosses,
  Sequences,
  TextPaths,
  TrainMetrics,
  TrainOptions,
  TrainRecord,
  TrainResult,
} from '../src/index.ts';
import * as library from '../src/index.ts';

const VALUES = `
  DEFAULT_BASES DEFAULT_FAMILIES DEFAULT_RANKS UserError adaptedModel adapterFactors adapterRecordSchema adviceRecordSchema advise
  exportGgufLora exportMerged exportPeft loadAdapter lowRankUpdates makeSequences meanLoss openModel probe probeRecordSchema
  readAdapterRecord readDocuments readProbeRecord readSequences readRunRecord readTrainMetrics readTrainRecord renderProbeHtml
  renderProbeMarkdown renderProbeTable renderTrainHtml runRecordSchema saveAdapter sequenceLosses summarizeTraining train
  trainMetricsSchema trainRecordSchema`;
const TYPES = `
  Adapter AdapterFamily AdapterRecord Advice AdviceRecord AdviseOptions Basis BasisResult Batch Compute Document Documents DownloadProgress Estimate Family
  FamilyResult GlobalResult Interval LayerAdapter LayerResult LowRankUpdate Matrix MergedOptions Model NaturalResult
  OpenModelOptions PeftOptions ProbeOptions ProbeRecord ProbeResult Progress RankPoint ReadSequences Regime RunRecord SequenceLosses
  Sequences TextPaths TrainMetrics TrainOptions TrainRecord TrainResult`;
const words = (text: string) => text.trim().split(/\s+/);

/** Names that a file exports as types alone. */
function typesOf(file: string): string[] {
  const source = readFileSync(fileURLToPath(new URL(`../src/${file}`, import.meta.url)), 'utf8');
  const names = [...source.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, allTypes, list]) =>
    list!
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && (allTypes !== undefined || name.startsWith('type '))),
  );
  return names.map((name) => name.replace(/^type /, '')).sort();
}

describe('the library', () => {
  it('offers these names and no others', () => {
    expect(Object.keys(library).sort()).toEqual(words(VALUES).sort());
    expect(typesOf('index.ts')).toEqual(words(TYPES).sort());
  });

  it('takes and gives these types', () => {
    const { openModel, probe, train } = library;
    expectTypeOf(openModel).toEqualTypeOf<(name: string, options?: OpenModelOptions) => Promise<Model>>();
    expectTypeOf(probe).parameters.toEqualTypeOf<
      [model: Model, text: TextPaths | ReadSequences, options?: ProbeOptions]
    >();
    expectTypeOf(probe).returns.resolves.toEqualTypeOf<ProbeResult>();
    expectTypeOf<ProbeResult['record']>().toEqualTypeOf<ProbeRecord>();
    expectTypeOf(train).parameters.toEqualTypeOf<
      [model: Model, text: TextPaths | ReadSequences, options: TrainOptions]
    >();
    expectTypeOf(train).returns.resolves.toEqualTypeOf<TrainResult>();
    expectTypeOf<TrainResult['record']>().toEqualTypeOf<TrainRecord>();
    expectTypeOf<TrainResult['metrics']>().toEqualTypeOf<readonly TrainMetrics[]>();
    expectTypeOf(library.loadAdapter).returns.resolves.toEqualTypeOf<Adapter>();
    expectTypeOf(library.exportPeft).parameters.toEqualTypeOf<
      [folder: string, updates: readonly LowRankUpdate[], options: PeftOptions]
    >();
    expectTypeOf(library.readDocuments).returns.resolves.toEqualTypeOf<Documents>();
    expectTypeOf(library.makeSequences).returns.toEqualTypeOf<Sequences>();
    expectTypeOf(library.sequenceLosses).returns.resolves.toEqualTypeOf<SequenceLosses>();
    expectTypeOf(library.meanLoss).returns.toEqualTypeOf<Interval>();
    expectTypeOf(library.readRunRecord).returns.toEqualTypeOf<RunRecord | null>();
    expectTypeOf(library.renderProbeTable).returns.toEqualTypeOf<string>();
  });

  it('has options that take what their tables check, and no others', () => {
    expectTypeOf<ProbeOptions['ranks']>().toEqualTypeOf<readonly number[] | undefined>();
    expectTypeOf<ProbeOptions['bases']>().toEqualTypeOf<readonly string[] | undefined>();
    expectTypeOf<ProbeOptions['families']>().toEqualTypeOf<readonly Family[] | undefined>();
    expectTypeOf<ProbeOptions['ciWidth']>().toEqualTypeOf<number | null | undefined>();
    expectTypeOf<TrainOptions['learningRate']>().toEqualTypeOf<number | 'auto' | undefined>();
    expectTypeOf<TrainOptions['adapter']>().toEqualTypeOf<AdapterFamily | 'lora' | undefined>();
    expectTypeOf<TrainOptions['directory']>().toEqualTypeOf<string>();
    expectTypeOf<OpenModelOptions['compute']>().toEqualTypeOf<Compute | undefined>();
    expectTypeOf<Basis>().toExtend<string>();
    const probe: ProbeOptions = {};
    // @ts-expect-error: every option is known, and the object is read only.
    probe.seed = 1;
    // @ts-expect-error: a rank alone is a training's.
    const wrong: ProbeOptions = { rank: 4 };
    expect(wrong).toBeDefined();
  });
});

describe('rankscope/graph', () => {
  it('offers graphs, what differentiates them and what runs them', () => {
    const names = Object.keys(graph);
    const wanted =
      'Graph createOnnxEngine createReferenceEngine float32 gradients int64 matmul ops printGraph tensor';
    expect(names).toEqual(expect.arrayContaining(words(wanted)));
    expect(typesOf('graph-entry.ts')).toEqual([
      'Engine',
      'MatrixProduct',
      'OnnxEngineOptions',
      'Program',
      'Tensor',
    ]);
    const { createOnnxEngine } = graph;
    expectTypeOf(createOnnxEngine).toEqualTypeOf<(options?: graph.OnnxEngineOptions) => graph.Engine>();
    expectTypeOf<graph.Program>().toExtend<AsyncDisposable>();
  });
});
