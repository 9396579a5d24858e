/** `rankscope report`: a record, shown again. */
import { Command, Option } from 'commander';
import { type ProbeRecord, type RunRecord, readProbeRecord, readRunRecord } from '../record/index.ts';
import { renderProbeHtml, renderProbeMarkdown, renderProbeTable } from '../report/index.ts';

const RENDERERS: Readonly<Record<string, (record: ProbeRecord, run: RunRecord | null) => string>> = {
  terminal: (record) => renderProbeTable(record, { color: process.stdout.isTTY && !process.env.NO_COLOR }),
  markdown: renderProbeMarkdown,
  html: renderProbeHtml,
};

const EXAMPLES = `
Examples:
  rankscope report rankscope-runs/my-model-…
  rankscope report record.json --format html > report.html`;

export function reportCommand(): Command {
  const formats = Object.keys(RENDERERS);
  return new Command('report')
    .description('Prints the results of a finished run again, from its record alone.')
    .argument('<run>', 'run directory, or the probe.json inside it')
    .addOption(new Option('--format <format>', 'form of the report').choices(formats).default('terminal'))
    .addHelpText('after', EXAMPLES)
    .action((path: string, { format }: { format: string }) => {
      process.stdout.write(RENDERERS[format]!(readProbeRecord(path), readRunRecord(path)));
    });
}
