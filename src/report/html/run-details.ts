/** What was run, on what, with what: enough to run it again. */
import { describeCompute, type ProbeRecord, type RunRecord } from '../../record/index.ts';
import { formatBytes, formatCount, formatSeconds } from '../format.ts';
import { type Child, element, type Markup } from './markup.ts';
import { detailList } from './page.ts';

export function runDetails(record: ProbeRecord, run: RunRecord | null): Markup {
  const { model, data, settings, measured } = record;
  const code = (text: string) => element('code', {}, text);
  const rows: [string, Child][] = [];
  if (run !== null) rows.push(['Command', code(commandLine(run))]);
  rows.push(
    [
      'Model',
      [
        `${model.name}, ${model.architecture}, ${model.format}, ${formatCount(model.parameters)} parameters, `,
        code(model.path),
      ],
    ],
    ['Weights sha256', code(model.sha256)],
    [
      'Data',
      [
        `${formatCount(data.documents)} ${data.documents === 1 ? 'document' : 'documents'}, ${formatCount(data.tokens)} tokens, `,
        code(data.path),
      ],
    ],
    ['Data sha256', code(data.sha256)],
    [
      'Batches',
      `${measured.batches} measured of ${settings.batches} asked, ${settings.batchSize}×${settings.seqLen} tokens each ` +
        `(${settings.pack ? 'packed' : 'padded'}), ${formatCount(measured.targets)} targets; ` +
        `${settings.calibrationBatches} calibration batches; spectra from ${settings.spectrumBatches}`,
    ],
    ['Layers', [`${record.layers.length}, matching `, code(settings.layers)]],
    [
      'Compute',
      `${describeCompute(settings)}, seed ${settings.seed}, ${settings.randomFrames} random frames, ${settings.natural ? `ridge ${settings.ridge}` : 'ν not measured'}`,
    ],
    ['Time', `${formatSeconds(measured.seconds)}${stageTimes(measured.stageSeconds)}`],
    [
      'Peak memory',
      `${formatBytes(measured.peakMemoryBytes)} measured, ${formatBytes(measured.estimatedMemoryBytes)} estimated before the run`,
    ],
  );
  if (run !== null) {
    const versions = Object.entries(run.versions).map(([name, version]) => `${name} ${version}`);
    const { processor, cores, memoryBytes } = run.machine;
    rows.push(
      ['Machine', `${processor}, ${cores} cores, ${formatBytes(memoryBytes)} of memory`],
      ['Versions', versions.join(', ')],
      ['Started', run.startedAt],
    );
  }
  return detailList(rows);
}

/** `: opening 2 s, calibration 40 s, …`, of the stages that took a tenth of a second and more. */
function stageTimes(stages: ProbeRecord['measured']['stageSeconds'] = {}): string {
  const long = Object.entries(stages).filter(([, seconds]) => seconds >= 0.1);
  const parts = long.map(([stage, seconds]) => `${stage.replace('/', ' ')} ${formatSeconds(seconds)}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

/** The command as it can be typed again. */
export function commandLine(run: RunRecord): string {
  const quoted = run.arguments.map((text) =>
    /^[\w@%+=:,./*-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`,
  );
  return ['rankscope', run.command, ...quoted].join(' ');
}
