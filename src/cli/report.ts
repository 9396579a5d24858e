/** `rankscope report`: a record, shown again. */
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { UserError } from '../errors/index.ts';
import { makeFolder, writeTextAtomically } from '../files/index.ts';
import { choiceOption, defaultsOf, pathOption } from '../options/index.ts';
import {
  holdsAdvice,
  holdsReproduction,
  holdsTraining,
  readAdviceRecord,
  readProbeRecord,
  readReproductionRecord,
  readRunRecord,
  readTrainMetrics,
  readTrainRecord,
} from '../record/index.ts';
import {
  adviceMarkdown,
  REPRODUCTION_PAGE,
  renderAdviceHtml,
  renderAdviceText,
  renderProbeHtml,
  renderProbeMarkdown,
  renderProbeTable,
  renderReproductionHtml,
  renderReproductionMarkdown,
  renderReproductionTable,
  renderTrainHtml,
  reproductionFiles,
  summarizeTraining,
  trainingMarkdown,
} from '../report/index.ts';

import { afterProbe, afterTraining, rankscope, type Step, tellNext } from './next-step.ts';
import { addOptions, readOptions } from './option.ts';
import { printable, terminalOptions } from './print.ts';
import { wrapped } from './wrapped.ts';

const FORMATS = ['terminal', 'markdown', 'html'] as const;
type Format = (typeof FORMATS)[number];

const OUTPUT = 'Output:';
const OPTIONS = {
  format: choiceOption('format', OUTPUT, 'form of the report', FORMATS, { default: 'terminal' }),
  out: pathOption(
    '--out <folder>',
    OUTPUT,
    'write all pages of a reproduction into a folder, report.html first',
    '--out pages',
  ),
};

/** A run's report, read from its path. */
type Renderers = Readonly<Record<Format, (path: string) => string>>;

const PROBE: Renderers = {
  terminal: (path) => renderProbeTable(readProbeRecord(path), terminalOptions()),
  markdown: (path) => renderProbeMarkdown(readProbeRecord(path)),
  html: (path) => renderProbeHtml(readProbeRecord(path), readRunRecord(path)),
};

const trainingInWords = (path: string) =>
  `${wrapped(summarizeTraining(readTrainRecord(path), readTrainMetrics(path)))}\n`;
const TRAINING: Renderers = {
  terminal: trainingInWords,
  markdown: (path) => `${trainingMarkdown(readTrainRecord(path), readTrainMetrics(path))}\n`,
  html: (path) => renderTrainHtml(readTrainRecord(path), readTrainMetrics(path), readRunRecord(path)),
};

const ADVICE: Renderers = {
  terminal: (path) => renderAdviceText(readAdviceRecord(path), terminalOptions()),
  markdown: (path) => adviceMarkdown(readAdviceRecord(path)),
  html: (path) => renderAdviceHtml(readAdviceRecord(path), readRunRecord(path)),
};

const REPRODUCTION: Renderers = {
  terminal: (path) => renderReproductionTable(readReproductionRecord(path), terminalOptions()),
  markdown: (path) => renderReproductionMarkdown(readReproductionRecord(path)),
  html: (path) => renderReproductionHtml(readReproductionRecord(path)),
};

function renderersOf(path: string): Renderers {
  if (holdsReproduction(path)) return REPRODUCTION;
  if (holdsAdvice(path)) return ADVICE;
  return holdsTraining(path) ? TRAINING : PROBE;
}

const EXAMPLES = `
Examples:
  rankscope report rankscope-runs/my-model-…
  rankscope report record.json --format html > report.html
  rankscope report rankscope-runs/train-my-model-…
  rankscope report results/reproduction/bundled --out pages`;

export function reportCommand(): Command {
  const command = new Command('report')
    .description(
      'Prints the results of a probe, an advice, a training or a reproduction again, from its files alone.',
    )
    .argument(
      '<run>',
      'run directory, or the probe.json, advice.json, train.json or reproduction.json inside it',
    )
    .addHelpText('after', EXAMPLES);
  addOptions(command, OPTIONS);
  return command.action((path: string) => {
    const { format, out } = { ...defaultsOf(OPTIONS), ...readOptions(command, OPTIONS) };
    if (out === undefined) process.stdout.write(renderersOf(path)[format](path));
    else writePages(path, out);
    tellNext(stepsAfter(path));
  });
}

/** What goes on from a finished run. */
function stepsAfter(path: string): Step[] {
  if (holdsReproduction(path))
    return [{ command: rankscope('report', path, '--out', 'pages'), why: 'its pages, for a browser' }];
  const given = readRunRecord(path)?.arguments;
  return holdsTraining(path)
    ? afterTraining(path, readTrainRecord(path), given)
    : afterProbe(readProbeRecord(path), given);
}

/** The pages link to each other, which standard output has no place for. */
function writePages(path: string, folder: string): void {
  if (!holdsReproduction(path)) {
    throw new UserError('option-invalid', {
      what: '--out is for reproductions, whose report is several pages',
      got: path,
      fix: 'leave --out away, and send the output to a file with >',
    });
  }
  const files = reproductionFiles(readReproductionRecord(path));
  for (const [name, text] of files) {
    const file = join(folder, name);
    makeFolder(dirname(file));
    writeTextAtomically(file, text);
  }
  process.stdout.write(
    `${printable(join(folder, REPRODUCTION_PAGE))} and ${files.size - 1} more files written\n`,
  );
}
