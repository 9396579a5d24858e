/** `rankscope eval`: loss and perplexity of a model on a text, as it is, with adapters, and merged with them. */
import { basename, join, resolve } from 'node:path';
import { Command } from 'commander';
import { type Adapter, adaptedModel, exportMerged, loadAdapter } from '../adapters/index.ts';
import { UserError } from '../errors/index.ts';
import { inTemporaryFolder } from '../files/index.ts';
import { type Model, openModel } from '../models/index.ts';
import { defaultsOf, type OptionValues, pathsOption, switchOption, under } from '../options/index.ts';
import { type Compute, PROBE_OPTIONS, TRAIN_OPTIONS } from '../record/index.ts';
import { createOnnxEngine } from '../runtime/index.ts';
import { lossDifference, meanLoss, type SequenceLosses, sequenceLosses } from '../training/index.ts';
import { chooseBaseModel } from './base-model.ts';
import { tellDownload } from './download-line.ts';
import { type Evaluated, renderEvaluations } from './eval-table.ts';
import { afterEvaluation, type Step, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { modelOptions, textOptions } from './option-kinds.ts';
import { bundledModel, bundledText } from './package-info.ts';
import { renderPreview } from './preview.ts';
import { printable, terminalOptions } from './print.ts';
import { readTexts } from './read-texts.ts';
import { tellReceipt } from './tell-receipt.ts';
import { tellWarning } from './tell-warnings.ts';

const ON = 'What to measure:';
const HOW = 'How to measure it:';
const OUTPUT = 'Output:';

const OPTIONS = {
  ...textOptions(ON, 'measure on'),
  adapter: pathsOption(
    '--adapter <run...>',
    ON,
    'training runs whose adapters are measured too',
    'run directories',
    '--adapter rankscope-runs/my-run',
  ),
  merged: switchOption('--no-merged', ON, 'leave out the models that the adapters are merged into'),
  seqLen: under(HOW, PROBE_OPTIONS.seqLen),
  batchSize: under(HOW, TRAIN_OPTIONS.batchSize),
  pack: under(HOW, PROBE_OPTIONS.pack),
  ...modelOptions(HOW),
  json: switchOption('--json', OUTPUT, 'print JSON instead of the table'),
};
type Options = OptionValues<typeof OPTIONS>;

const EXAMPLES = `
Examples:
  rankscope eval ./my-model --data notes.txt
  rankscope eval --data notes.txt --adapter rankscope-runs/first rankscope-runs/second

Without a model, the one that the first adapter was trained on is measured; without adapters, the bundled one.`;

export function evalCommand(): Command {
  const command = new Command('eval')
    .description('Measures loss and perplexity on a text: of a model, and of the model with adapters.')
    .argument('[model]', 'Hugging Face folder, .gguf file or id on the hub')
    .addHelpText('after', EXAMPLES);
  addOptions(command, OPTIONS);
  return command.action(async (model: string | undefined) => {
    const options = readOptions(command, OPTIONS);
    const { told, next } = await sayingFlags(OPTIONS, () => runEval(model, options));
    process.stdout.write(told);
    tellNext(next);
  });
}

async function runEval(
  given: string | undefined,
  options: Options,
): Promise<{ told: string; next: readonly Step[] }> {
  const {
    adapter: runs = [],
    compute,
    cacheFolder,
    batchSize,
    merged,
    preview,
    ...rest
  } = {
    ...defaultsOf(OPTIONS),
    ...options,
  };
  const path = chooseBaseModel(given, runs);
  const read = await readTexts({
    ...rest,
    model: path,
    paths: chooseData(path, options),
    seqLen: options.seqLen,
    download: { onDownload: tellDownload(process.stderr) },
  });
  if (preview !== undefined) return { told: renderPreview(read, preview, terminalOptions().color), next: [] };
  const { path: dataPath, sequences, receipt, sha256 } = read.texts;
  const model = await openModel(read.modelPath, { compute, cacheFolder, onWarning: tellWarning });
  const adapters: Adapter[] = [];
  for (const run of runs) adapters.push(await loadAdapter(run, model));
  process.stderr.write(`${printable(tellReceipt(dataPath, receipt).join('\n'))}\n`);

  const engine = createOnnxEngine();
  const measure = (measured: Model) => sequenceLosses(engine, measured, sequences, batchSize);
  try {
    const base = await measure(model);
    const results = [describe(model.name, 'model', base)];
    for (const [index, adapter] of adapters.entries()) {
      const name = basename(resolve(runs[index]!));
      const adapted = adaptedModel(model, adapter);
      results.push(describe(name, 'adapter', await measure(adapted), base));
      if (merged) {
        const losses = await withMerged(adapted, compute, measure);
        results.push(describe(name, 'merged', losses, base));
      }
    }
    await model.checkUnchanged();
    const { count, seqLen, tokensFound } = sequences;
    const { targets, notes, first, files } = receipt;
    const data = {
      path: dataPath,
      sha256,
      tokens: tokensFound,
      sequences: count,
      seqLen,
      receipt: { sequences: count, targets, notes, first, files },
    };
    const told = options.json
      ? `${JSON.stringify({ model: model.path, compute: model.compute, data, results })}\n`
      : printable(renderEvaluations(results, data, terminalOptions().columns));
    return { told, next: afterEvaluation(bestOf(runs, results), path, dataPath) };
  } finally {
    await engine.close();
  }
}

/** The run with the lowest loss; undefined where none lowered it. */
function bestOf(runs: readonly string[], results: readonly Evaluated[]): string | undefined {
  const [base, ...others] = results.filter(({ form }) => form !== 'merged').map(({ loss }) => loss.mean);
  const lowest = Math.min(...others);
  return lowest < base! ? runs[others.indexOf(lowest)] : undefined;
}

/** Writes the merged model to a folder of its own, as an export would, and removes it afterwards. */
async function withMerged<Result>(
  adapted: Model,
  compute: Compute | undefined,
  use: (model: Model) => Promise<Result>,
): Promise<Result> {
  return inTemporaryFolder(async (folder) => {
    await exportMerged(join(folder, 'model'), adapted, { type: 'float32', about: {} });
    return use(
      await openModel(join(folder, 'model'), { compute, cacheFolder: folder, onWarning: tellWarning }),
    );
  });
}

function describe(
  name: string,
  form: Evaluated['form'],
  losses: SequenceLosses,
  base?: SequenceLosses,
): Evaluated {
  const loss = meanLoss(losses);
  const perplexity = {
    mean: Math.exp(loss.mean),
    low: Math.exp(loss.low),
    high: Math.exp(loss.high),
  };
  return { name, form, loss, perplexity, change: base === undefined ? null : lossDifference(losses, base) };
}

function chooseData(model: string, { data }: Options): readonly string[] {
  if (data !== undefined) return data;
  if (resolve(model) === resolve(bundledModel())) return [bundledText()];
  throw new UserError('data-missing', {
    what: 'there is no text to measure on',
    expected: '--data with a file or folder of texts; only the bundled model has a text of its own',
    fix: 'for example: --data notes.txt',
  });
}
