/** Broken models: Hugging Face folders and GGUF files. */
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRng } from '../../../src/numeric/index.ts';
import { makeTinyModel } from '../../e2e/tiny-model.ts';
import { textBytes } from '../kit/change-bytes.ts';
import { type GgufEntry, type GgufParts, writeGgufParts } from '../kit/gguf-file.ts';
import { llamaParts } from '../targets/gguf-model.ts';
import { type BrokenCase, type Change, DEEP, OPENERS, PAGE, POINTER, withFloat, ZIP } from './shared.ts';
import { type Sound, safetensorsOf } from './sound-files.ts';

export function modelCases({ text }: Sound): BrokenCase[] {
  const file = (name: string, content: string | Uint8Array) => (model: string) =>
    writeFileSync(join(model, name), content);
  const weights = (content: string | Uint8Array) => file('model.safetensors', content);
  const inWeights = (change: (bytes: Buffer) => Uint8Array) => (model: string) => {
    const path = join(model, 'model.safetensors');
    writeFileSync(path, change(readFileSync(path)));
  };
  const inHeader = (change: (header: string) => string) =>
    inWeights((bytes) => {
      const length = Number(bytes.readBigUInt64LE());
      const header = textBytes(change(bytes.toString('utf8', 8, 8 + length)));
      const start = Buffer.alloc(8);
      start.writeBigUInt64LE(BigInt(header.length));
      return Buffer.concat([start, header, bytes.subarray(8 + length)]);
    });
  const inJson = (name: string, change: (value: Record<string, unknown>) => unknown) => (model: string) => {
    const path = join(model, name);
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
  };
  const inConfig = (change: object) => inJson('config.json', (config) => ({ ...config, ...change }));
  const inVocabulary = (vocab: unknown) =>
    inJson('tokenizer.json', (tokenizer) => ({
      ...tokenizer,
      model: { ...(tokenizer.model as object), vocab },
    }));
  const withIndex =
    (map: unknown, shards: Readonly<Record<string, Uint8Array>> = {}) =>
    (model: string) => {
      rmSync(join(model, 'model.safetensors'));
      file(
        'model.safetensors.index.json',
        typeof map === 'string' ? map : JSON.stringify({ weight_map: map }),
      )(model);
      for (const [name, bytes] of Object.entries(shards)) file(name, bytes)(model);
    };
  const remove = (name: string) => (model: string) => rmSync(join(model, name));
  const cut = (name: string, size: number) => (model: string) => truncateSync(join(model, name), size);
  const instead = (make: (model: string) => unknown) => (model: string) => {
    rmSync(join(model, 'model.safetensors'));
    make(model);
  };
  const changes: Change[] = [
    ['no weights', remove('model.safetensors')],
    ['empty weights', weights('')],
    ['weights of seven bytes', weights('1234567')],
    ['weights cut in their header', cut('model.safetensors', 300)],
    ['weights cut in their data', cut('model.safetensors', 60_000)],
    ['a byte behind the weights', inWeights((bytes) => Buffer.concat([bytes, Buffer.from([0])]))],
    ['a pointer instead of weights', weights(POINTER)],
    ['a page instead of weights', weights(PAGE)],
    ['an archive instead of weights', weights(ZIP)],
    ['weights of zeros', inWeights((bytes) => bytes.fill(0))],
    ['weights in disorder', inWeights((bytes) => bytes.reverse())],
    [
      'a header length beyond the file',
      inWeights((bytes) => Buffer.concat([Buffer.from([255, 255, 255, 0, 0, 0, 0, 0]), bytes.subarray(8)])),
    ],
    ['a weight that is no number', inWeights((bytes) => withFloat(bytes, bytes.length - 4, Number.NaN))],
    [
      'an infinite weight',
      inWeights((bytes) => withFloat(bytes, bytes.length - 8, Number.POSITIVE_INFINITY)),
    ],
    ['a byte order mark before the header', inHeader((header) => `\ufeff${header}`)],
    ['a type nobody knows', inHeader((header) => header.replace('"F32"', '"F31"'))],
    ['a shape of another model', inHeader((header) => header.replace('[24]', '[12]'))],
    ['a weight under another name', inHeader((header) => header.replace('ln_f', 'ln_g'))],
    [
      'a name twice',
      inHeader((header) =>
        header.replace(
          /^\{/,
          '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},',
        ),
      ),
    ],
    ['a header of lists in each other', inHeader(() => `{"a":${DEEP}}`)],
    ['a folder instead of weights', instead((model) => mkdirSync(join(model, 'model.safetensors')))],
    ['weights of pickle only', instead(file('pytorch_model.bin', ZIP))],
    ['no config', remove('config.json')],
    ['an empty config', file('config.json', '')],
    ['a list as config', file('config.json', '[]')],
    ['null as config', file('config.json', 'null')],
    ['a cut config', cut('config.json', 100)],
    ['a config that is not UTF-8', file('config.json', Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
    ['a config of lists in each other', file('config.json', `{"model_type":${DEEP}}`)],
    ['a config of another kind', inConfig({ model_type: 'bert' })],
    ['a config of a kind that objects inherit', inConfig({ model_type: 'constructor' })],
    ['ten million layers', inConfig({ n_layer: 1e7 })],
    ['no layers', inConfig({ n_layer: 0 })],
    ['half a layer', inConfig({ n_layer: 2.5 })],
    ['layers in words', inConfig({ n_layer: '2' })],
    ['one layer more than there is', inConfig({ n_layer: 3 })],
    ['heads that do not divide the width', inConfig({ n_head: 5 })],
    ['a vocabulary of 10⁹', inConfig({ vocab_size: 1e9 })],
    ['an activation nobody knows', inConfig({ activation_function: 'swishy' })],
    ['no tokenizer', remove('tokenizer.json')],
    ['an empty tokenizer', file('tokenizer.json', '')],
    ['a page instead of a tokenizer', file('tokenizer.json', PAGE)],
    ['a tokenizer without a model', inJson('tokenizer.json', ({ model: _, ...rest }) => rest)],
    [
      'a tokenizer of a kind nobody knows',
      inJson('tokenizer.json', (value) => ({ ...value, model: { type: 'Markov' } })),
    ],
    ['a list as vocabulary', inVocabulary([1, 2])],
    ['ids beyond the model', inVocabulary({ a: 5000 })],
    ['an id below zero', inVocabulary({ a: -1 })],
    ['an id in words', inVocabulary({ a: 'one' })],
    [
      'a merge of tokens that are not there',
      inJson('tokenizer.json', (value) => ({
        ...value,
        model: { ...(value.model as object), merges: [['q', '?']] },
      })),
    ],
    [
      'a step before the words that nobody knows',
      inJson('tokenizer.json', (value) => ({ ...value, pre_tokenizer: { type: 'Chop' } })),
    ],
    [
      'a pattern that never ends',
      inJson('tokenizer.json', (value) => ({
        ...value,
        pre_tokenizer: {
          type: 'Split',
          pattern: { Regex: '([a-z ]*)*1' },
          behavior: 'Isolated',
          invert: false,
        },
      })),
    ],
    ['a cut tokenizer', cut('tokenizer.json', 200)],
    ['a list as index', withIndex([])],
    ['an index that is not JSON', withIndex('{')],
    ['an index of lists in each other', withIndex(`{"weight_map":${DEEP}}`)],
    ['an index of a shard that is not there', withIndex({ 'transformer.wte.weight': 'model-1.safetensors' })],
    ['an index of a shard elsewhere', withIndex({ 'transformer.wte.weight': '../other.safetensors' })],
    [
      'an index of a broken shard',
      withIndex({ a: 'a.safetensors' }, { 'a.safetensors': textBytes('shard') }),
    ],
    [
      'an index of a shard without what it is said to hold',
      withIndex({ a: 'a.safetensors' }, { 'a.safetensors': safetensorsOf({ b: [1] }) }),
    ],
    [
      'an index of too few weights',
      withIndex({ a: 'a.safetensors' }, { 'a.safetensors': safetensorsOf({ a: [1] }) }),
    ],
  ];
  return changes.map(([name, change], index) => ({
    name,
    make(folder) {
      const model = makeTinyModel(join(folder, 'model'));
      change(model);
      return OPENERS[index % OPENERS.length]!(model, text, join(folder, 'out'));
    },
  }));
}

export function ggufCases({ text }: Sound): BrokenCase[] {
  const set = (entry: GgufEntry) => (parts: GgufParts) => {
    parts.entries = [...parts.entries.filter(({ key }) => key !== entry.key), entry];
  };
  const drop = (name: string) => (parts: GgufParts) => {
    parts.entries = parts.entries.filter(({ key }) => key !== name);
    parts.infos = parts.infos.filter((info) => info.name !== name);
  };
  const assign = (change: Partial<GgufParts>) => (parts: GgufParts) => Object.assign(parts, change);
  const uint = (key: string, value: number) => set({ key, type: 4, value });
  const string = (key: string, value: string) => set({ key, type: 8, value });
  const changes: [
    name: string,
    change: (parts: GgufParts) => unknown,
    bytes?: (whole: Uint8Array) => Uint8Array,
  ][] = [
    ['a GGUF file of no bytes', () => {}, () => new Uint8Array(0)],
    ['a GGUF file that is a page', () => {}, () => textBytes(PAGE)],
    ['a GGUF file that is a pointer', () => {}, () => textBytes(POINTER)],
    ['a GGUF file cut in its keys', () => {}, (whole) => whole.subarray(0, 500)],
    ['a GGUF file cut in its data', () => {}, (whole) => whole.subarray(0, whole.length - 100)],
    ['a GGUF file of version 9', assign({ version: 9 })],
    ['a GGUF file of another machine', assign({ version: 3 * 2 ** 24 })],
    ['2⁶³ tensors', assign({ saidTensors: 2n ** 63n })],
    ['2³² keys', assign({ saidEntries: 2n ** 32n })],
    ['a key twice', (parts) => parts.entries.push({ key: 'llama.block_count', type: 4, value: 1 })],
    ['a tensor twice', (parts) => parts.infos.push({ ...parts.infos[0]! })],
    ['an alignment of 3', uint('general.alignment', 3)],
    ['an alignment in words', string('general.alignment', '32')],
    ['an architecture nobody knows', string('general.architecture', 'mamba')],
    ['no block count', drop('llama.block_count')],
    ['more blocks than there are', uint('llama.block_count', 7)],
    ['fewer blocks than there are', uint('llama.block_count', 0)],
    ['2³² − 1 blocks', uint('llama.block_count', 2 ** 32 - 1)],
    ['no heads', uint('llama.attention.head_count', 0)],
    ['a width in words', string('llama.embedding_length', '8')],
    ['no embedding', drop('token_embd.weight')],
    ['a norm missing', drop('blk.0.attn_norm.weight')],
    ['a rotary scaling nobody knows', string('llama.rope.scaling.type', 'spiral')],
    ['no vocabulary', drop('tokenizer.ggml.tokens')],
    ['a vocabulary of numbers', set({ key: 'tokenizer.ggml.tokens', type: 9, itemType: 4, value: [1, 2] })],
    ['a vocabulary of another kind', string('tokenizer.ggml.model', 'rwkv')],
    ['a merge of one word', set({ key: 'tokenizer.ggml.merges', type: 9, itemType: 8, value: ['the'] })],
    ['an end of text out of range', uint('tokenizer.ggml.eos_token_id', 100_000)],
    ['weights that are no numbers', (parts) => parts.data.fill(255)],
  ];
  return changes.map(([name, change, bytes], index) => ({
    name,
    make(folder) {
      const parts = llamaParts(1, createRng(1));
      change(parts);
      const whole = writeGgufParts(parts);
      const path = join(folder, 'tiny.gguf');
      writeFileSync(path, bytes?.(whole) ?? whole);
      return OPENERS[index % OPENERS.length]!(path, text, join(folder, 'out'));
    },
  }));
}
