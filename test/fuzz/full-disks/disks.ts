/** The small disks that are tried, with the commands on them. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { adaptedModel, exportMerged, saveAdapter } from '../../../src/adapters/index.ts';
import { randomAdapter } from '../../../src/adapters/testing.ts';
import { openModel } from '../../../src/models/index.ts';
import { makeTinyModel, writeText } from '../../e2e/tiny-model.ts';
import type { FullDisk, Place } from './full-disk.ts';

/** Makes what the commands work on. */
export async function prepareDisks(inputs: string): Promise<readonly FullDisk[]> {
  const model = makeTinyModel(join(inputs, 'tiny'));
  const text = writeText(join(inputs, 'text.txt'), 400);
  const run = join(inputs, 'run');
  const opened = await openModel(model, { cacheFolder: join(inputs, 'cache') });
  const adapter = await randomAdapter(opened, [{ end: '', family: 'core', rank: 8 }]);
  if (!existsSync(run)) mkdirSync(run);
  await saveAdapter(run, adapter);
  // Weights that must be decoded, so that there is something to keep.
  const half = join(inputs, 'half');
  await exportMerged(half, adaptedModel(opened, adapter), { type: 'bfloat16', about: {} });
  const places = ['--out', '{out}', '--cache-dir', '{cache}'];
  const probe = ['--data', text, ...places, '--ranks', '2', '--batches', '2', '--seq-len', '16'];
  const train = [
    '--data',
    text,
    ...places,
    '--rank',
    '4',
    '--steps',
    '8',
    '--batch-size',
    '1',
    '--seq-len',
    '16',
  ];
  const commands = {
    probe: ['probe', model, ...probe, '--save-frames'],
    'probe, decoded': ['probe', half, ...probe],
    'probe, int8': ['probe', model, ...probe, '--compute', 'int8'],
    train: ['train', model, ...train, '--checkpoint-every', '2'],
    'train, decoded': ['train', half, ...train],
    pretrain: [
      ...['pretrain', '--config', join(model, 'config.json'), '--tokenizer', join(model, 'tokenizer.json')],
      ...['--data', text, '--steps', '4', '--warmup', '1', '--batch-size', '2', '--seq-len', '16'],
      ...['--checkpoint-every', '1', '--out', '{out}'],
    ],
    'export, merged': ['export', run, '--format', 'merged', '--type', 'float32', ...places],
    'export, peft': ['export', run, ...places],
    reproduce: ['reproduce', 'paper84-64v32', '--quick', ...places],
    eval: ['eval', model, '--data', text, '--adapter', run, '--seq-len', '16', '--cache-dir', '{cache}'],
  };
  const disk =
    (ends: FullDisk['ends'], ...where: Place[]) =>
    (command: keyof typeof commands, ...sizes: number[]): FullDisk[] =>
      sizes.map((kilobytes) => ({ command, args: commands[command], places: where, kilobytes, ends }));
  const [out, cache, tmp] = [disk('refused', 'out'), disk('well', 'cache'), disk('refused', 'tmp')];
  const nowhere = disk('refused', 'cache', 'tmp');
  return [
    ...out('probe', 4, 12, 24, 48),
    ...out('train', 4, 12, 40, 60),
    ...out('pretrain', 4, 100, 300),
    ...out('export, merged', 4, 60),
    ...out('export, peft', 4, 16),
    ...out('reproduce', 4),
    ...cache('probe', 4, 16),
    ...cache('probe, int8', 4),
    ...cache('train, decoded', 4),
    ...tmp('eval', 4, 40),
    ...nowhere('probe, decoded', 4, 16),
  ];
}
