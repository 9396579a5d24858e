/** An inspection for a terminal: facts in two columns, and tables. */
import type {
  AdapterInspection,
  Costs,
  Inspection,
  ModelInspection,
  RunInspection,
  StoredType,
  WeightsInspection,
} from '../inspection/index.ts';
import { placeOf } from '../record/index.ts';
import {
  type Column,
  fitTable,
  formatCompact,
  formatCount,
  formatNumber,
  makePaint,
  printableRecord,
  type Row,
  type TerminalOptions,
  widthOf,
  wrap,
} from '../report/index.ts';
import { formatBytes as formatLarge } from '../runtime/index.ts';
import { duration } from './duration.ts';

type Fact = readonly [name: string, text: string];

/** Files of an adapter may be small. */
const formatBytes = (bytes: number): string =>
  bytes < 1e6 ? `${formatCount(Math.ceil(bytes / 1e3))} kB` : formatLarge(bytes);

/** Tensors of a file without a model that are listed. */
const TENSORS_SHOWN = 20;

export function renderInspection(given: Inspection, options: TerminalOptions): string {
  // Names come from files; what is painted afterwards may act on a terminal.
  const inspection = printableRecord(given);
  const page = new Page(options);
  if (inspection.kind === 'model') tellModel(page, inspection);
  else if (inspection.kind === 'adapter') tellAdapter(page, inspection);
  else if (inspection.kind === 'weights') tellWeights(page, inspection);
  else tellRun(page, inspection);
  return page.text();
}

export function renderCosts(costs: Costs, options: TerminalOptions): string {
  const page = new Page(options);
  const bound = costs.boundBytes;
  const cost = ({ bytes, seconds, of }: Costs['probe']) => [
    of,
    formatBytes(bytes),
    `about ${duration(seconds)}`,
  ];
  page.table(
    'What it takes here, estimated',
    [
      { head: 'work', words: 'whole' },
      { head: 'of', words: 'cut-right', least: 12 },
      { head: 'memory' },
      { head: 'time' },
    ],
    [
      ['probe', ...cost(costs.probe)],
      ['step of train', ...cost(costs.trainingStep)],
    ],
  );
  const larger = Math.max(costs.probe.bytes, costs.trainingStep.bytes) > bound;
  page.words(
    `By products of matrices that took ${formatNumber(costs.operationsPerSecond / 1e9)} GFLOP/s just now; other programs ` +
      `and caches change it. A run may take ${formatBytes(bound)}` +
      (larger ? ': what does not fit is computed in parts, or twice, which takes longer.' : '.'),
  );
  return `\n${page.text()}`;
}

/** Sections one below the other, within the columns of the terminal. */
class Page {
  private readonly sections: string[] = [];
  private readonly width: number;
  private readonly paint: ReturnType<typeof makePaint>;

  constructor({ color = false, columns }: TerminalOptions) {
    this.width = widthOf(columns);
    this.paint = makePaint(color);
  }

  facts(facts: readonly Fact[]): void {
    const indent = Math.max(...facts.map(([name]) => name.length)) + 2;
    const lines = facts.flatMap(([name, text]) =>
      wrap(text, Math.min(this.width, 100) - indent).map(
        (line, i) => `${this.paint.dim((i === 0 ? name : '').padEnd(indent))}${line}`,
      ),
    );
    this.sections.push(lines.join('\n'));
  }

  table(title: string, columns: readonly Column[], rows: readonly Row[]): void {
    const { text } = fitTable(columns, rows, { paint: this.paint, gap: 2, width: this.width });
    this.sections.push(`${this.paint.bold(title)}\n${text}`);
  }

  words(text: string): void {
    this.sections.push(wrap(text, Math.min(this.width, 100)).join('\n'));
  }

  text(): string {
    return `${this.sections.join('\n\n')}\n`;
  }
}

function tellModel(page: Page, model: ModelInspection): void {
  const { tokenizer } = model;
  page.facts([
    ['model', `${model.name} (${model.architecture}, ${model.format})`],
    ...(model.hub === undefined ? [] : [['from', placeOf(model)] as const]),
    [
      'parameters',
      `${formatCount(model.parameters)}, ${formatBytes(model.bytes)} in ${countOf(model.files.length, 'file')}`,
    ],
    [
      'sizes',
      `context ${formatCount(model.contextLength)}, hidden ${formatCount(model.hiddenSize)}, vocabulary ` +
        `${formatCount(model.vocabularySize)}, ${model.tiedHead ? 'head tied to the embedding' : 'a head of its own'}`,
    ],
    ...(tokenizer === null
      ? [['tokenizer', `none: ${model.noTokenizer}`] as const]
      : [
          ['tokenizer', `${tokenizer.kind}, ${formatCount(tokenizer.vocabulary)} tokens`] as const,
          [
            'special',
            Object.entries(tokenizer.special)
              .map(([name, token]) => `${name} ${token}`)
              .join(', ') || 'none',
          ] as const,
          [
            'chat template',
            tokenizer.chatTemplates.length === 0 ? 'none' : tokenizer.chatTemplates.join(', '),
          ] as const,
        ]),
  ]);
  tellStored(page, model.stored);
  page.table(
    'Layers that can be adapted',
    [
      { head: 'module', words: 'whole' },
      { head: 'does', words: 'whole' },
      { head: 'half', words: 'whole', spare: 1 },
      { head: 'layers' },
      { head: 'in×out' },
      { head: 'bias', words: 'whole', spare: 0 },
      { head: 'params' },
    ],
    model.modules.map((one) => [
      one.name,
      one.role,
      one.group,
      String(one.layers),
      `${one.inFeatures}×${one.outFeatures}`,
      one.bias ? 'yes' : 'no',
      formatCompact(one.parameters),
    ]),
  );
  page.facts([
    ['target_modules', `all-linear, or of ${model.targetModules.join(', ')}`],
    ['here', `--layers with the same words, or attention, mlp`],
  ]);
  page.table(
    'LoRA on all-linear',
    [{ head: 'r' }, { head: 'parameters' }, { head: 'of the model' }, { head: 'file' }],
    model.lora.map(({ rank, parameters, bytes }) => [
      String(rank),
      formatCount(parameters),
      `${formatNumber((100 * parameters) / model.parameters)} %`,
      formatBytes(bytes),
    ]),
  );
}

function tellAdapter(page: Page, adapter: AdapterInspection): void {
  const forms = { rankscope: 'RankScope', peft: 'PEFT', gguf: 'GGUF, for llama.cpp' };
  const { ranks } = adapter;
  page.facts([
    ['adapter', `${adapter.path} (${forms[adapter.form]})`],
    ['family', [...adapter.families, ...adapter.bases.map((basis) => `on ${basis} frames`)].join(' ')],
    ['rank', ranks.length === 0 ? 'unknown' : ranks.map(formatCount).join(', ')],
    ['scale', adapter.scales.length === 0 ? 'unknown' : adapter.scales.map(formatNumber).join(', ')],
    ...(adapter.alpha === null ? [] : [['lora_alpha', formatNumber(adapter.alpha)] as const]),
    ['layers', `${adapter.layers}: ${adapter.targetModules.join(', ')}`],
    ['base model', adapter.baseModel ?? 'not said'],
    ['parameters', `${formatCount(adapter.parameters)}, ${formatBytes(adapter.bytes)}`],
  ]);
  tellStored(page, adapter.stored);
}

function tellWeights(page: Page, { path, stored, bytes, tensors, metadata }: WeightsInspection): void {
  page.facts([
    ['weights', `${path}, without a config.json beside it that says what they are`],
    ['size', `${countOf(tensors.length, 'tensor')}, ${formatBytes(bytes)}`],
    ...Object.entries(metadata).map(([name, text]): Fact => [name, text]),
  ]);
  tellStored(page, stored);
  const shown = tensors.slice(0, TENSORS_SHOWN);
  const left = tensors.length - shown.length;
  page.table(
    left === 0 ? 'Tensors' : `Tensors, the first ${TENSORS_SHOWN}; --json has all`,
    [{ head: 'name', words: 'cut-left', least: 24 }, { head: 'type', words: 'whole' }, { head: 'shape' }],
    shown.map(({ name, type, shape }) => [name, type, shape.join('×') || '1']),
  );
}

function tellRun(page: Page, run: RunInspection): void {
  page.facts([
    ['run', `${run.path}: ${run.command}, ${run.status}`],
    ...(run.startedAt === null ? [] : [['started', run.startedAt] as const]),
    ...(run.arguments === null
      ? []
      : [['command', ['rankscope', run.command, ...run.arguments].join(' ')] as const]),
    ...(run.model === null ? [] : [['model', run.model] as const]),
    ...(run.data === null ? [] : [['data', run.data] as const]),
    ...(run.seed === null ? [] : [['seed', String(run.seed)] as const]),
    ...Object.entries(run.figures).map(
      ([name, value]): Fact => [name, typeof value === 'string' ? value : formatNumber(value)],
    ),
    ['files', run.files.map(({ name, bytes }) => `${name} (${formatBytes(bytes)})`).join(', ')],
  ]);
  if (run.adapter !== null) tellAdapter(page, run.adapter);
}

function tellStored(page: Page, stored: readonly StoredType[]): void {
  page.table(
    'Stored as',
    [{ head: 'type', words: 'whole' }, { head: 'tensors' }, { head: 'parameters' }, { head: 'size' }],
    stored.map(({ type, tensors, parameters, bytes }) => [
      type,
      formatCount(tensors),
      formatCount(parameters),
      formatBytes(bytes),
    ]),
  );
}

const countOf = (count: number, name: string) => `${formatCount(count)} ${name}${count === 1 ? '' : 's'}`;
