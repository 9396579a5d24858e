/** `rankscope reproduce`: the source paper's claims, tested. */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors/index.ts';
import {
  chooseExperiments,
  EXPERIMENTS,
  type Experiment,
  type ReproduceResult,
  reproduce,
  type SettingKind,
} from '../experiments/index.ts';
import { lockFolder, makeFolder } from '../files/index.ts';
import { locateModel } from '../hub/index.ts';
import { defaultCacheFolder } from '../models/index.ts';
import type { OptionValues } from '../options/index.ts';
import { renderReproductionTable } from '../report/index.ts';
import { tellDownload } from './download-line.ts';
import { duration } from './duration.ts';
import { locateText } from './locate-texts.ts';
import { rankscope, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { bundledModel, bundledText } from './package-info.ts';
import { printable, terminalOptions } from './print.ts';
import { EXIT_STOPPED } from './report-error.ts';
import { REPRODUCE_OPTIONS } from './reproduce-options.ts';
import { ReproduceLine } from './reproduce-progress.ts';
import { describeRun, runName, shortPath } from './run-folder.ts';
import { SILENT } from './status-line.ts';
import { watchStopSignals } from './stop-signals.ts';
import { tellWarning } from './tell-warnings.ts';
import { writeReproduction } from './write-reproduction.ts';

type Options = OptionValues<typeof REPRODUCE_OPTIONS>;

const DESCRIPTION = [
  'Tests the claims of the paper that RankScope grew from, and questions of our own, by rules that were written ' +
    'beforehand: trains and measures what each experiment asks for, and says of every claim whether it is ' +
    'confirmed, refuted or undecided.',
  'A run that was stopped goes on where it was when the same command is given again.',
].join('\n\n');

const EXAMPLES = `
Examples:
  rankscope reproduce --list                      what is asked, and what is claimed
  rankscope reproduce all --quick                 everything once, small: a few minutes
  rankscope reproduce all                         the full run on the bundled model: hours
  rankscope reproduce paper87-a paper87-c
  rankscope reproduce fixed-k --model model.gguf --data notes.txt`;

export function reproduceCommand(): Command {
  const command = new Command('reproduce')
    .description(DESCRIPTION)
    .argument('[names...]', 'experiments, or all (default: all)')
    .addHelpText('after', EXAMPLES);
  addOptions(command, REPRODUCE_OPTIONS);
  return command.action(async (names: string[]) => {
    const options = readOptions(command, REPRODUCE_OPTIONS);
    process.exitCode = await sayingFlags(REPRODUCE_OPTIONS, () => runReproduce(names, options));
  });
}

/** @returns the exit code. */
async function runReproduce(names: readonly string[], options: Options): Promise<number> {
  const chosen = chooseExperiments(names.length === 0 ? ['all'] : names);
  if (options.list) {
    process.stdout.write(listExperiments(names.length === 0 ? EXPERIMENTS : chosen));
    return 0;
  }
  const settings = chooseSettings(options);
  const kinds = settings.map(({ kind }) => kind);
  const experiments = chosen.filter((one) => one.settings.some((kind) => kinds.includes(kind)));
  if (experiments.length === 0) throw notForModels(chosen);
  const directory = resolve(options.out ?? defaultDirectory(options));
  makeFolder(directory);
  const lock = lockFolder(directory);
  const line = new ReproduceLine(options.quiet ? SILENT : process.stderr);
  for (const one of chosen) {
    if (!experiments.includes(one)) line.say(`${one.name} is left out: it is for the bundled model only`);
  }
  const stops = watchStopSignals(
    () => line.say('stopping; finished trials are kept'),
    () => {},
  );
  const { versions, machine } = describeRun('reproduce', [], 0);
  let result: ReproduceResult;
  try {
    result = await reproduce({
      experiments,
      settings: await locateAll(settings, options, stops.signal),
      quick: options.quick ?? false,
      directory,
      lock,
      cacheFolder: options.cacheFolder ?? defaultCacheFolder(),
      jobs: options.jobs ?? availableParallelism(),
      provenance: { command: `rankscope ${process.argv.slice(2).join(' ')}`, versions, machine },
      signal: stops.signal,
      onForecast: ({ finished, trials, seconds }) => {
        const before = finished > 0 ? `${finished} trials are there from earlier; ` : '';
        const ahead = trials > 0 ? `about ${trials} to run, ${duration(seconds)} or more` : 'nothing to run';
        line.say(
          `${experiments.length} ${experiments.length === 1 ? 'experiment' : 'experiments'} in ${shortPath(directory)}: ${before}${ahead}`,
        );
      },
      onProgress: (progress) => line.update(progress),
    });
  } finally {
    line.end();
    stops.release();
  }
  const report = writeReproduction(directory, result.record);
  if (options.json) process.stdout.write(`${JSON.stringify(result.record)}\n`);
  else {
    process.stdout.write(renderReproductionTable(result.record, terminalOptions()));
    process.stdout.write(`\nreport: ${printable(shortPath(report))}\n`);
  }
  const stopped = stops.signal.aborted;
  if (stopped) line.say('stopped early: the same command goes on');
  else if (result.failed.length > 0) {
    line.say(`${result.failed.length} trials failed, see above: the same command tries them again`);
  }
  if (!options.quiet) {
    const again = { command: rankscope(...process.argv.slice(2)), why: 'goes on' };
    const pages = {
      command: rankscope('report', shortPath(directory), '--out', 'pages'),
      why: 'its pages, for a browser',
    };
    tellNext([stopped || result.failed.length > 0 ? again : pages]);
  }
  return stopped ? EXIT_STOPPED : result.failed.length > 0 ? 1 : 0;
}

/** The bundled model from both starting points, or the model that is named. */
function chooseSettings({ model, data }: Options): { kind: SettingKind; model: string; data: string }[] {
  if (model !== undefined && data === undefined) {
    throw new UserError('data-missing', {
      what: 'there is no text to train on',
      expected: '--data with a .txt, .jsonl or .json file; only the bundled model has a text of its own',
      fix: `for example: rankscope reproduce fixed-k --model ${model} --data notes.txt`,
    });
  }
  if (model !== undefined) return [{ kind: 'real', model, data: data! }];
  const bundled = { model: bundledModel(), data: data ?? bundledText() };
  return [
    { kind: 'random-start', ...bundled },
    { kind: 'pretrained', ...bundled },
  ];
}

/** The same with paths, for the processes of trials: what the hub has is fetched once. */
async function locateAll(
  settings: ReturnType<typeof chooseSettings>,
  { quiet }: Options,
  signal: AbortSignal,
): Promise<ReturnType<typeof chooseSettings>> {
  const onDownload = tellDownload(quiet ? SILENT : process.stderr);
  const options = { signal, onDownload, onNote: tellWarning };
  const located = [];
  for (const setting of settings)
    located.push({
      ...setting,
      model: await locateModel(setting.model, options),
      data: await locateText(setting.data, options),
    });
  return located;
}

function defaultDirectory({ model, quick }: Options): string {
  const name = model === undefined ? '' : `-${runName(model)}`;
  return join('rankscope-runs', `reproduce${name}${quick ? '-quick' : ''}`);
}

function notForModels(chosen: readonly Experiment[]): UserError {
  const fitting = EXPERIMENTS.filter(({ settings }) => settings.includes('real'));
  return new UserError('experiment-not-for-model', {
    what: 'none of these experiments is made for a model of your own',
    got: chosen.map(({ name }) => name).join(', '),
    expected: `one of ${fitting.map(({ name }) => name).join(', ')}`,
    fix: 'name one of those, or leave --model out',
  });
}

function listExperiments(experiments: readonly Experiment[]): string {
  return experiments
    .map(({ name, question, claims }) => {
      const lines = claims.map(
        ({ id, rows, statement }) =>
          `    ${id}${rows.length > 0 ? ` (${rows.join(', ')})` : ''}: ${statement}`,
      );
      return `${name}: ${question}\n${lines.join('\n')}\n`;
    })
    .join('\n');
}
