/** Files that are broken in ways that happen, and the commands that are given them. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ggufCases, modelCases } from './model-cases.ts';
import { type BrokenCase, type Change, DEEP, OPENERS, PAGE, ZIP } from './shared.ts';
import { type Sound, safetensorsOf } from './sound-files.ts';

/** @param sound whole files that the broken ones are made beside. */
export function brokenCases(sound: Sound): readonly BrokenCase[] {
  return [
    ...modelCases(sound),
    ...ggufCases(sound),
    ...dataCases(sound),
    ...adapterCases(sound),
    ...smallFileCases(sound),
    ...recordCases(),
    ...pretrainCases(sound),
  ];
}

function dataCases({ model }: Sound): BrokenCase[] {
  const files: [name: string, file: string, content: string | Uint8Array][] = [
    ['an empty text', 'a.txt', ''],
    ['a blank text', 'a.txt', ' \n\n'],
    ['a text of one letter', 'a.txt', 'a'],
    ['a text that is not UTF-8', 'a.txt', Buffer.from([0x61, 0xe9, 0x20])],
    ['a text in UTF-16', 'a.txt', Buffer.from('\ufeffa text', 'utf16le')],
    ['a table with commas', 'a.csv', 'text,label\na,1\n'],
    ['a table with tabs', 'a.tsv', 'text\tlabel\na\t1\n'],
    ['a table of Parquet', 'a.parquet', Buffer.from('PAR1\u0000\u0000PAR1')],
    ['an archive as text', 'a.txt', Buffer.concat([ZIP, Buffer.from([0xff, 0xfe, 0x00])])],
    ['a row that is not JSON', 'a.jsonl', '{"text":"a"}\n{"text":\n'],
    ['a row that is a list', 'a.jsonl', '["a"]\n'],
    ['a row without text', 'a.jsonl', '{"body":"a"}\n'],
    ['a row whose text is a number', 'a.jsonl', '{"text":1}\n'],
    ['a prompt without completion', 'a.jsonl', '{"prompt":"a"}\n'],
    ['an object instead of a list', 'a.json', '{"text":"a"}'],
    ['a list that is cut', 'a.json', '[{"text":"a"},'],
    ['lists in each other', 'a.json', DEEP],
  ];
  const given = files.map(
    ([name, file, content], index): BrokenCase => ({
      name,
      make(folder) {
        writeFileSync(join(folder, file), content);
        return OPENERS[index % 3]!(model, join(folder, file), join(folder, 'out'));
      },
    }),
  );
  const elsewhere = (name: string, path: string, command: number): BrokenCase => ({
    name,
    make: (folder) => OPENERS[command]!(model, path === '' ? folder : path, join(folder, 'out')),
  });
  return [
    ...given,
    elsewhere('a folder as text', '', 0),
    elsewhere('a device as text', '/dev/zero', 1),
    elsewhere('no such text', '/nowhere/a.txt', 2),
  ];
}

function adapterCases({ model, adapter, text }: Sound): BrokenCase[] {
  const commands: readonly ((run: string, out: string) => string[])[] = [
    (run) => ['eval', model, '--adapter', run, '--data', text],
    (run, out) => ['export', run, '--out', out],
    (run, out) => ['export', run, '--format', 'merged', '--model', model, '--out', out],
    (run) => ['generate', model, '--adapter', run, '--prompt', 'a', '--max-tokens', '1'],
  ];
  const edit =
    (change: (record: { layers: Record<string, unknown>[] } & Record<string, unknown>) => unknown) =>
    (run: string) => {
      const path = join(run, 'adapter.json');
      writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
    };
  const layer = (change: object) =>
    edit((record) => ({
      ...record,
      layers: [{ ...record.layers[0], ...change }, ...record.layers.slice(1)],
    }));
  const put = (name: string, content: string | Uint8Array) => (run: string) =>
    writeFileSync(join(run, name), content);
  const changes: Change[] = [
    ['no adapter record', (run) => rmSync(join(run, 'adapter.json'))],
    ['an empty adapter record', put('adapter.json', '')],
    ['a page instead of an adapter record', put('adapter.json', PAGE)],
    ['an adapter record of another version', edit((record) => ({ ...record, version: 99 }))],
    ['an adapter without layers', edit((record) => ({ ...record, layers: [] }))],
    ['a family nobody knows', layer({ family: 'dora' })],
    ['a rank of 10⁹', layer({ rank: 1e9 })],
    ['a rank below zero', layer({ rank: -1 })],
    ['a layer with another name', layer({ name: 'nowhere' })],
    ['a layer of another size', layer({ inFeatures: 7 })],
    ['a scale in words', layer({ scale: 'one' })],
    ['no tensors of the adapter', (run) => rmSync(join(run, 'adapter.safetensors'))],
    ['empty tensors of the adapter', put('adapter.safetensors', '')],
    ['cut tensors of the adapter', (run) => truncateSync(join(run, 'adapter.safetensors'), 900)],
    ['tensors of something else', put('adapter.safetensors', safetensorsOf({ a: [1] }))],
    [
      'an adapter of another model',
      edit((record) => ({ ...record, model: { ...(record.model as object), sha256: '0'.repeat(64) } })),
    ],
  ];
  return changes.map(([name, change], index) => ({
    name,
    make(folder) {
      const run = join(folder, 'run');
      mkdirSync(run);
      for (const [file, bytes] of Object.entries(adapter)) writeFileSync(join(run, file), bytes);
      change(run);
      // PEFT is written without the model, so whose adapter it is cannot be known.
      const command = name === 'an adapter of another model' ? 0 : index % commands.length;
      return commands[command]!(run, join(folder, 'out'));
    },
  }));
}

function smallFileCases({ model, text }: Sound): BrokenCase[] {
  const entry = '{"name":"transformer.h.0.attn.c_attn","family":"core","basis":"svd","rank":2}';
  const plan = (layers: string) => `{"schema":"rankscope.plan","version":1,"layers":[${layers}]}`;
  const given = (option: string, command: number, files: [name: string, content: string | Uint8Array][]) =>
    files.map(
      ([name, content]): BrokenCase => ({
        name,
        make(folder) {
          const path = join(folder, 'file');
          writeFileSync(path, content);
          return [...OPENERS[command]!(model, text, join(folder, 'out')), option, path];
        },
      }),
    );
  return [
    ...given('--plan', 1, [
      ['an empty plan', ''],
      ['a plan that is cut', plan(entry).slice(0, -3)],
      ['a plan without layers', plan('')],
      ['a plan of a layer that is not there', plan(entry.replace('h.0', 'h.9'))],
      ['a plan with a layer twice', plan(`${entry},${entry}`)],
      ['a plan with too high a rank', plan(entry.replace('2}', '25}'))],
      ['a plan of a family nobody knows', plan(entry.replace('core', 'dora'))],
      ['a plan of lists in each other', plan(DEEP)],
    ]),
    ...given('--config', 0, [
      ['options that are not YAML', 'ranks: [1\n'],
      ['a list of options', '- ranks\n'],
      ['an option nobody knows', 'rnks: 2\n'],
      ['an option twice', 'seed: 1\nseed: 2\n'],
      ['an option of another kind', 'seed: [1]\n'],
      ['an alias inside itself', 'layers: &a [*a]\n'],
      ['options of lists in each other', `layers: ${DEEP}\n`],
      [
        'options of aliases that grow',
        Array.from(
          { length: 20 },
          (_, i) => `a${i}: &a${i} [${Array(9).fill(i === 0 ? 'x' : `*a${i - 1}`)}]\n`,
        ).join(''),
      ],
    ]),
    ...given('--bases', 0, [
      ['an empty frames file', ''],
      ['frames that are a page', PAGE],
      ['frames of other layers', safetensorsOf({ 'svd/other/u': [2, 1], 'svd/other/v': [2, 1] })],
    ]),
  ];
}

function recordCases(): BrokenCase[] {
  const files: [name: string, file: string, content: string][] = [
    ['no record', 'other.txt', 'x'],
    ['an empty record', 'probe.json', ''],
    ['a record that is a page', 'probe.json', PAGE],
    ['a record of nothing', 'probe.json', '{}'],
    ['a record of another version', 'probe.json', '{"schema":"rankscope.probe","version":7}'],
    ['a record with nothing but its name', 'probe.json', '{"schema":"rankscope.probe","version":1}'],
    ['a record of lists in each other', 'probe.json', DEEP],
    ['a training record with nothing but its name', 'train.json', '{"schema":"rankscope.train","version":1}'],
    [
      'a reproduction with nothing but its name',
      'reproduction.json',
      '{"schema":"rankscope.reproduction","version":1}',
    ],
    ['a reproduction that is cut', 'reproduction.json', '{"schema":"rankscope.reproduction","ver'],
  ];
  return files.map(([name, file, content]) => ({
    name,
    make(folder) {
      writeFileSync(join(folder, file), content);
      return ['report', folder];
    },
  }));
}

function pretrainCases({ model, text }: Sound): BrokenCase[] {
  const command = (folder: string, config: string, tokenizer: string, data = text) => [
    ...[
      'pretrain',
      '--config',
      config,
      '--tokenizer',
      tokenizer,
      '--data',
      data,
      '--out',
      join(folder, 'out'),
    ],
    ...['--steps', '1', '--batch-size', '1', '--seq-len', '8'],
  ];
  const config = (name: string, content: string): BrokenCase => ({
    name: `${name}, to pretrain from`,
    make(folder) {
      writeFileSync(join(folder, 'config.json'), content);
      return command(folder, join(folder, 'config.json'), join(model, 'tokenizer.json'));
    },
  });
  const whole = JSON.parse(readFileSync(join(model, 'config.json'), 'utf8'));
  return [
    config('an empty config', ''),
    config('a config of ten million layers', JSON.stringify({ ...whole, n_layer: 1e7 })),
    config('a config of a width of 10⁹', JSON.stringify({ ...whole, n_embd: 1e9, n_head: 1 })),
    config('a config of another kind', JSON.stringify({ ...whole, model_type: 'mamba' })),
    {
      name: 'a tokenizer that is none, to pretrain with',
      make(folder) {
        writeFileSync(join(folder, 'tokenizer.json'), PAGE);
        return command(folder, join(model, 'config.json'), join(folder, 'tokenizer.json'));
      },
    },
    {
      name: 'a text of one letter, to pretrain on',
      make(folder) {
        writeFileSync(join(folder, 'a.txt'), 'a');
        return command(
          folder,
          join(model, 'config.json'),
          join(model, 'tokenizer.json'),
          join(folder, 'a.txt'),
        );
      },
    },
  ];
}
