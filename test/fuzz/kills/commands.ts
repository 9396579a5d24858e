/** The commands that are killed: how each is asked for, how it goes on, and what must come of it. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { saveAdapter } from '../../../src/adapters/index.ts';
import { randomAdapter } from '../../../src/adapters/testing.ts';
import { makeFolder } from '../../../src/files/index.ts';
import { openModel } from '../../../src/models/index.ts';
import { makeTinyModel, writeText } from '../../e2e/tiny-model.ts';

export interface KilledCommand {
  readonly name: string;
  readonly args: readonly string[];
  /** `flag`: with `--resume`; `same`: by the same words; `anew`: by the same words once what is left is removed. */
  readonly goesOn: 'flag' | 'same' | 'anew';
  /** Everything that must be as if nothing had happened, by name. */
  results(out: string): Readonly<Record<string, string>>;
}

/** Makes what the commands work on. Every run writes into `out` of its own folder, with a cache beside it. */
export async function prepareCommands(inputs: string): Promise<readonly KilledCommand[]> {
  const model = makeTinyModel(join(inputs, 'tiny'));
  const text = writeText(join(inputs, 'text.txt'), 400);
  const run = join(inputs, 'run');
  makeFolder(run);
  const opened = await openModel(model, { cacheFolder: join(inputs, 'cache') });
  await saveAdapter(run, await randomAdapter(opened, [{ end: '', family: 'core', rank: 8 }]));
  const config = join(inputs, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({ ...JSON.parse(readFileSync(join(model, 'config.json'), 'utf8')), n_embd: 48 }),
  );
  const places = ['--out', 'out', '--cache-dir', 'cache'];
  return [
    {
      name: 'train',
      args: [
        ...['train', model, '--data', text, '--eval-data', text, ...places, '--rank', '4', '--steps', '20'],
        // Much of the time goes into files, where a kill would hurt.
        ...['--batch-size', '1', '--seq-len', '16', '--dropout', '0.1', '--checkpoint-every', '1'],
        ...['--eval-every', '5', '--coverage-every', '3', '--seed', '2'],
      ],
      goesOn: 'flag',
      results: (out) => ({
        ...bytesOf(out, ['adapter.safetensors', 'adapter.json', 'checkpoint.safetensors', 'train.json']),
        metrics: metricsOf(out),
      }),
    },
    {
      name: 'pretrain',
      args: [
        ...['pretrain', '--config', config, '--tokenizer', join(model, 'tokenizer.json'), '--data', text],
        ...[
          '--steps',
          '200',
          '--batch-size',
          '2',
          '--seq-len',
          '16',
          '--warmup',
          '2',
          '--checkpoint-every',
          '1',
        ],
        ...['--out', 'out'],
      ],
      goesOn: 'flag',
      results: (out) => ({
        ...bytesOf(out, ['model.safetensors', 'config.json', 'tokenizer.json', 'pretrain.json']),
        metrics: metricsOf(out),
      }),
    },
    {
      name: 'probe',
      args: [
        ...['probe', model, '--data', text, ...places, '--ranks', '2,4', '--batches', '8', '--seq-len', '16'],
        ...['--save-frames', '--save-batches'],
      ],
      goesOn: 'anew',
      results: (out) => ({ ...bytesOf(out, ['frames.safetensors', 'metrics.jsonl']), record: probeOf(out) }),
    },
    {
      name: 'export',
      args: ['export', run, '--format', 'merged', '--type', 'float32', ...places],
      goesOn: 'same',
      results: (out) => bytesOf(out, readdirSync(out)),
    },
    {
      name: 'reproduce',
      args: ['reproduce', 'paper84-64v32', 'paper82-deadzone', '--quick', ...places],
      goesOn: 'same',
      results: (out) => trialsOf(out),
    },
  ];
}

function bytesOf(folder: string, names: readonly string[]): Record<string, string> {
  const paths = names.map((name) => [name, join(folder, name)] as const);
  return Object.fromEntries(
    paths.map(([name, path]) => [name, existsSync(path) ? readFileSync(path, 'latin1') : 'absent']),
  );
}

/** Without what a clock says. */
const withoutTimes = (line: string) =>
  JSON.stringify(JSON.parse(line, (key, value) => (/second|memory/i.test(key) ? 0 : value)));

const metricsOf = (folder: string) => linesOf(join(folder, 'metrics.jsonl')).map(withoutTimes).join('\n');

const probeOf = (folder: string) => withoutTimes(readFileSync(join(folder, 'probe.json'), 'utf8'));

/** Results by trial, and how often each ran. */
function trialsOf(folder: string): Record<string, string> {
  const trials = linesOf(join(folder, 'trials.jsonl')).map((line) => JSON.parse(line));
  const results = Object.fromEntries(trials.map(({ id, result }) => [id, JSON.stringify(result)]));
  return { ...results, ...bytesOf(folder, ['claims.json']), trials: String(trials.length) };
}

export const linesOf = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
