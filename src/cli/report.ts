/** `rankscope report`: a record, shown again. */
import { Command, Option } from 'commander';
import {
  holdsTraining,
  readProbeRecord,
  readRunRecord,
  readTrainMetrics,
  readTrainRecord,
} from '../record/index.ts';
import {
  renderProbeHtml,
  renderProbeMarkdown,
  renderProbeTable,
  renderTrainHtml,
  summarizeTraining,
} from '../report/index.ts';

const FORMATS = ['terminal', 'markdown', 'html'] as const;
type Format = (typeof FORMATS)[number];
/** A run's report, read from its path. */
type Renderers = Readonly<Record<Format, (path: string) => string>>;

const PROBE: Renderers = {
  terminal: (path) =>
    renderProbeTable(readProbeRecord(path), { color: process.stdout.isTTY && !process.env.NO_COLOR }),
  markdown: (path) => renderProbeMarkdown(readProbeRecord(path)),
  html: (path) => renderProbeHtml(readProbeRecord(path), readRunRecord(path)),
};

const trainingInWords = (path: string) =>
  `${summarizeTraining(readTrainRecord(path), readTrainMetrics(path))}\n`;
const TRAINING: Renderers = {
  terminal: trainingInWords,
  markdown: trainingInWords,
  html: (path) => renderTrainHtml(readTrainRecord(path), readTrainMetrics(path), readRunRecord(path)),
};

const EXAMPLES = `
Examples:
  rankscope report rankscope-runs/my-model-…
  rankscope report record.json --format html > report.html
  rankscope report rankscope-runs/train-my-model-…`;

export function reportCommand(): Command {
  return new Command('report')
    .description('Prints the results of a probe or a training again, from its files alone.')
    .argument('<run>', 'run directory, or the probe.json or train.json inside it')
    .addOption(new Option('--format <format>', 'form of the report').choices(FORMATS).default('terminal'))
    .addHelpText('after', EXAMPLES)
    .action((path: string, { format }: { format: Format }) => {
      const renderers = holdsTraining(path) ? TRAINING : PROBE;
      process.stdout.write(renderers[format](path));
    });
}
