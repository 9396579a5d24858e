/** `rankscope probe`: measure, write, show. */
import { join } from 'node:path';
import { Command } from 'commander';
import { type ProbeResult, probe } from '../coverage/index.ts';
import { openModel } from '../models/index.ts';
import type { OptionValues } from '../options/index.ts';
import { appendMetrics } from '../record/index.ts';
import { renderProbeTable } from '../report/index.ts';
import { tellDownload } from './download-line.ts';
import { afterProbe, tellNext } from './next-step.ts';
import { addOptions, readOptions, sayingFlags } from './option.ts';
import { renderPreview } from './preview.ts';
import { printable, terminalOptions } from './print.ts';
import { PROBE_OPTIONS } from './probe-options.ts';
import { ProgressLine } from './probe-progress.ts';
import { readTexts } from './read-texts.ts';
import { EXIT_STOPPED } from './report-error.ts';
import { defaultFolder, describeRun, openRunFolder, shortPath } from './run-folder.ts';
import { chooseSources } from './sources.ts';
import { SILENT } from './status-line.ts';
import { watchStopSignals } from './stop-signals.ts';
import { tellMemory } from './tell-memory.ts';
import { tellReceipt } from './tell-receipt.ts';
import { tellWarningOn } from './tell-warnings.ts';
import { FRAMES_FILE, PROBE_OUTPUTS, REPORT_FILE, writeProbeOutputs } from './write-outputs.ts';

type Options = OptionValues<typeof PROBE_OPTIONS>;

const DESCRIPTION = [
  'Measures how much of a model’s gradient on a text a low-rank adapter could reach, for every layer and rank: ' +
    'more than random subspaces do (the null), less than the best ones could (the ceiling).',
  'The model is a Hugging Face folder (config.json, safetensors, tokenizer.json), a GGUF file, or the id of one on ' +
    'the hub (org/name, org/name@revision, org/name:Q4_K_M), which is downloaded once. Without one, the ' +
    'bundled model is measured on the bundled text.',
].join('\n\n');

const EXAMPLES = `
Examples:
  rankscope probe                                            the bundled model and text
  rankscope probe ./my-model --data notes.txt                your own
  rankscope probe HuggingFaceTB/SmolLM2-135M --data notes.txt  one of the hub
  rankscope probe model.gguf --data train.jsonl --ranks 4,16,64 --layers q_proj,v_proj
  rankscope probe ./my-model --data notes.txt --bases svd,random --batches 64 --ci-width 0.01
  rankscope probe ./my-model --data new.txt --bases svd,runs/first/frames.safetensors#natural
  rankscope probe ./my-model --data notes.txt --json > record.json

Ctrl-C stops after the pass in flight and keeps what was measured so far, marked partial.`;

export function probeCommand(): Command {
  const command = new Command('probe')
    .description(DESCRIPTION)
    .argument('[model]', 'Hugging Face folder, .gguf file or id on the hub (default: the bundled model)')
    .addHelpText('after', EXAMPLES);
  addOptions(command, PROBE_OPTIONS);
  return command.action(async (model: string | undefined) => {
    const options = readOptions(command, PROBE_OPTIONS);
    process.exitCode = await sayingFlags(PROBE_OPTIONS, () => runProbe(model, options));
  });
}

/** @returns the exit code. */
async function runProbe(givenModel: string | undefined, options: Options): Promise<number> {
  const { modelPath, dataPaths } = chooseSources('probe', givenModel, options.data);
  const { compute, cacheFolder, preview, seed = PROBE_OPTIONS.seed.default, ...rest } = options;
  const read = (signal?: AbortSignal) =>
    readTexts({
      ...rest,
      model: modelPath,
      paths: dataPaths,
      draws: options,
      download: { signal, onDownload: tellDownload(options.quiet ? SILENT : process.stderr) },
    });
  if (preview !== undefined) {
    process.stdout.write(renderPreview(await read(), preview, terminalOptions().color));
    return 0;
  }
  const progress = new ProgressLine(process.stderr, { quiet: options.quiet });
  const description = describeRun('probe', process.argv.slice(3), seed);
  const run = openRunFolder(options.out ?? defaultFolder(modelPath), description);
  const discard = () => run.discard(PROBE_OUTPUTS);
  const stops = watchStopSignals(
    () => progress.say('stopping after the pass in flight; Ctrl-C again ends at once'),
    discard,
  );
  let result: ProbeResult;
  try {
    const { texts, modelPath: path } = await read(stops.signal);
    progress.say(`opening ${modelPath}`);
    const model = await openModel(path, {
      compute,
      cacheFolder,
      onWarning: tellWarningOn(progress),
      signal: stops.signal,
    });
    result = await probe(model, texts, {
      ...options,
      framesFile: options.saveFrames ? join(run.directory, FRAMES_FILE) : undefined,
      signal: stops.signal,
      onProgress: (step) => progress.update(step),
      onPass: (metrics) => appendMetrics(run.directory, metrics),
      onReceipt: (receipt) => {
        for (const line of tellReceipt(texts.path, receipt)) progress.say(line);
      },
      onMemory: tellMemory(progress),
    });
    await writeProbeOutputs(run.directory, result, { saveBatches: options.saveBatches ?? false });
  } catch (error) {
    progress.end();
    discard();
    throw error;
  } finally {
    stops.release();
  }
  progress.end();
  const { record } = result;
  const report = join(shortPath(run.directory), REPORT_FILE);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(record)}\n`);
    progress.say(`report: ${report}`);
  } else {
    process.stdout.write(`${renderProbeTable(record, terminalOptions())}\nreport: ${printable(report)}\n`);
  }
  if (!options.quiet) tellNext(afterProbe(record, process.argv.slice(3)));
  return record.status === 'partial' ? EXIT_STOPPED : 0;
}
