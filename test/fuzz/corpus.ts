/**
 * Nasty files, each with the reason why it is kept: what a reader of ours once did with it, or what other readers were
 * known to do.
 */
import { exampleReproductionRecord } from '../../src/report/testing-reproduction.ts';
import { join, textBytes } from './kit/change-bytes.ts';
import { u32, u64, writeGgufParts } from './kit/gguf-file.ts';
import type { FuzzCase } from './kit/target.ts';

export interface KeptCase {
  readonly target: string;
  readonly reason: string;
  readonly verdict: FuzzCase<unknown>['verdict'];
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const DEEP = 9000;
const deepList = '['.repeat(DEEP) + ']'.repeat(DEEP);
const deepObject = `${'{"a":'.repeat(DEEP)}0${'}'.repeat(DEEP)}`;

export const CORPUS: readonly KeptCase[] = [
  ...safetensorsCases(),
  ...ggufCases(),
  ...configCases(),
  ...indexCases(),
  ...tokenizerCases(),
  ...optionsCases(),
  ...dataCases(),
  ...otherCases(),
];

function safetensorsCases(): KeptCase[] {
  const tensor = (fields: string) => `{"dtype":"F32","shape":[1],"data_offsets":[0,4]${fields}}`;
  const kept = (
    verdict: KeptCase['verdict'],
    reason: string,
    header: string | Uint8Array,
    { data = 4, length }: { readonly data?: number; readonly length?: bigint } = {},
  ): KeptCase => {
    const text = typeof header === 'string' ? textBytes(header) : header;
    const file = join(u64(length ?? BigInt(text.length)), text, new Uint8Array(data));
    return { target: 'safetensors', verdict, reason, files: { 'model.safetensors': file } };
  };
  return [
    kept('refuse', 'a tensor twice: the last one won', `{"a":${tensor('')},"a":${tensor('')}}`),
    kept('refuse', 'a field twice: the last one won', `{"a":${tensor(',"dtype":"I32"')}}`),
    kept('refuse', 'a name twice in the metadata', `{"__metadata__":{"a":"1","a":"2"},"a":${tensor('')}}`),
    kept('refuse', 'a byte order mark, which the format forbids', `\ufeff{"a":${tensor('')}}`),
    kept('refuse', 'a space before the header, which the format forbids', ` {"a":${tensor('')}}`),
    kept('accept', 'spaces behind the header, which the format asks for', `{"a":${tensor('')}}   `),
    kept('accept', 'metadata of null: Python opens it', `{"__metadata__":null,"a":${tensor('')}}`),
    kept('accept', 'a tensor with a name that objects inherit', `{"__proto__":${tensor('')}}`),
    kept('refuse', '100 MB were allocated for 16 bytes', '{}      ', { data: 0, length: 100_000_000n }),
    kept('refuse', 'a header length that is negative in 64 bits', '{}', { data: 0, length: 2n ** 63n }),
    kept('refuse', 'a header length that is 2 in 32 bits', '{}', { data: 0, length: 2n ** 32n + 2n }),
    kept(
      'refuse',
      'a shape so deep that showing it overflowed the stack',
      `{"a":{"dtype":"F32","shape":${deepList},"data_offsets":[0,4]}}`,
    ),
    kept(
      'refuse',
      'metadata so deep that showing it overflowed the stack',
      `{"__metadata__":${deepObject},"a":${tensor('')}}`,
    ),
    kept(
      'refuse',
      'extents whose product overflows to the right length',
      '{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}',
      { data: 0 },
    ),
    kept('refuse', 'two tensors at one place', `{"a":${tensor('')},"b":${tensor('')}}`),
    kept(
      'refuse',
      'a gap that could hide something',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
      { data: 8 },
    ),
    kept('refuse', 'bytes behind the last tensor', `{"a":${tensor('')}}`, { data: 5 }),
    kept(
      'refuse',
      'a type that objects inherit',
      '{"a":{"dtype":"constructor","shape":[1],"data_offsets":[0,4]}}',
    ),
    kept(
      'refuse',
      'terminal commands in a name, which reached the terminal',
      '{"\\u001b[2J\\u0007":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
    ),
    kept(
      'refuse',
      'half a character in UTF-8',
      join(textBytes('{"'), Uint8Array.of(0xc3), textBytes(`":${tensor('')}}`)),
    ),
  ];
}

function ggufCases(): KeptCase[] {
  const key = (name: string) => join(u64(BigInt(name.length)), textBytes(name));
  const start = (tensors: bigint, entries: bigint, version = 3) =>
    join(textBytes('GGUF'), u32(version), u64(tensors), u64(entries));
  const kept = (reason: string, file: Uint8Array, verdict: KeptCase['verdict'] = 'refuse'): KeptCase => ({
    target: 'gguf',
    verdict,
    reason,
    files: { 'model.gguf': file },
  });
  const whole = (entries: Parameters<typeof writeGgufParts>[0]['entries'], names: readonly string[]) =>
    writeGgufParts({
      magic: 'GGUF',
      version: 3,
      entries,
      infos: names.map((name, i) => ({ name, dims: [1n], type: 0, offset: BigInt(32 * i) })),
      alignment: 32,
      data: new Uint8Array(32 * names.length),
    });
  const level = join(u32(9), u64(1n));
  return [
    kept('2·10⁶ tensors in 24 bytes', start(2_000_000n, 0n)),
    kept('2⁶⁴ − 1 entries in 24 bytes', start(0n, 2n ** 64n - 1n)),
    kept(
      'an array of 2⁶¹ numbers of 64 bits: its length in bytes is zero',
      join(start(0n, 1n), key('a'), u32(9), u32(10), u64(2n ** 61n)),
    ),
    kept('a text of 2⁶³ bytes', join(start(0n, 1n), u64(2n ** 63n))),
    kept(
      'arrays in each other, 2,000 deep',
      join(start(0n, 1n), key('a'), u32(9), ...Array.from({ length: 2000 }, () => level)),
    ),
    kept(
      'a key twice: the last one won',
      whole(
        [
          { key: 'a', type: 4, value: 1 },
          { key: 'a', type: 4, value: 2 },
        ],
        [],
      ),
    ),
    kept('a tensor twice: the last one won', whole([], ['a', 'a'])),
    kept('an alignment of zero', whole([{ key: 'general.alignment', type: 4, value: 0 }], ['a'])),
    kept('an alignment of 3', whole([{ key: 'general.alignment', type: 4, value: 3 }], ['a'])),
    kept('an alignment in words', whole([{ key: 'general.alignment', type: 8, value: '32' }], ['a'])),
    kept('a truth value of 2', join(start(0n, 1n), key('a'), u32(7), Uint8Array.of(2), new Uint8Array(64))),
    kept('big-endian', join(textBytes('GGUF'), Uint8Array.of(0, 0, 0, 3), new Uint8Array(32))),
    kept(
      'a key that objects inherit',
      whole([{ key: '__proto__', type: 4, value: 1 }], ['constructor']),
      'accept',
    ),
  ];
}

function configCases(): KeptCase[] {
  const sizes = { vocab_size: 8, hidden_size: 8, intermediate_size: 8, num_hidden_layers: 1 };
  const llama = { model_type: 'llama', ...sizes, num_attention_heads: 2, max_position_embeddings: 16 };
  const kept = (verdict: KeptCase['verdict'], reason: string, text: string): KeptCase => ({
    target: 'config',
    verdict,
    reason,
    files: { 'config.json': textBytes(text) },
  });
  const broken = (reason: string, change: object) =>
    kept('refuse', reason, JSON.stringify({ ...llama, ...change }));
  return [
    broken('10⁷ layers hung the reader', { num_hidden_layers: 1e7 }),
    broken('a head of 10⁹', { head_dim: 1e9 }),
    broken('a model type that objects inherit', { model_type: 'constructor' }),
    kept('refuse', 'a model type that means the prototype', '{"model_type":"__proto__"}'),
    kept(
      'refuse',
      'a model type so deep that turning it into text overflowed the stack',
      `{"model_type":${deepList}}`,
    ),
    broken('a message of a hundred thousand characters', { hidden_act: 'y'.repeat(5000) }),
    kept(
      'accept',
      'no longest position: transformers has a default',
      JSON.stringify({ ...llama, max_position_embeddings: undefined }),
    ),
  ];
}

function indexCases(): KeptCase[] {
  const kept = (reason: string, map: string): KeptCase => ({
    target: 'index',
    verdict: 'refuse',
    reason,
    files: {
      'config.json': textBytes('{"model_type":"gpt2"}'),
      'model.safetensors.index.json': textBytes(`{"weight_map":${map}}`),
    },
  });
  return [
    kept('a list instead of a map was taken for an empty one', '[]'),
    kept('a map so deep that showing it overflowed the stack', deepList),
    kept('a shard elsewhere', '{"a":"../../secret.safetensors"}'),
    kept('a shard with a name that objects inherit', '{"__proto__":"constructor.safetensors"}'),
  ];
}

function tokenizerCases(): KeptCase[] {
  const kept = (reason: string, pattern: string, vocab: string): KeptCase => {
    const text = `{"added_tokens":[],"normalizer":null,"post_processor":null,"decoder":{"type":"ByteLevel"},
      "pre_tokenizer":{"type":"Sequence","pretokenizers":[
        {"type":"Split","pattern":{"Regex":${JSON.stringify(pattern)}},"behavior":"Isolated","invert":false},
        {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},
      "model":{"type":"BPE","vocab":${vocab},"merges":[]}}`;
    return { target: 'tokenizer', verdict: 'refuse', reason, files: { 'tokenizer.json': textBytes(text) } };
  };
  return [
    kept('a pattern that backtracks for ever', '(x+x+)+y', '{"x":0}'),
    kept('another pattern that backtracks for ever', '([a-z]*)*1', '{"x":0}'),
    kept('an id that is no number went into a batch', ' ', '{"x":{"a":1}}'),
    kept('an id of −1', ' ', '{"x":-1}'),
    kept('an id of 2³¹', ' ', '{"x":2147483648}'),
  ];
}

function optionsCases(): KeptCase[] {
  const kept = (reason: string, text: string): KeptCase => ({
    target: 'options-file',
    verdict: 'refuse',
    reason,
    files: { 'options.yaml': textBytes(text) },
  });
  const laughs = Array.from(
    { length: 30 },
    (_, i) => `a${i}: &a${i} [${Array(9).fill(i === 0 ? 'x' : `*a${i - 1}`)}]\n`,
  );
  return [
    kept('an alias inside itself: a trace', 'layers: &a [*a]\n'),
    kept('an option that means the prototype went unseen', '__proto__: {ridge: 2}\n'),
    kept('one option in two spellings', 'calibration-batches: 1\ncalibrationBatches: 2\n'),
    kept(
      'lists in each other: the process ended in the compiler of patterns',
      `layers: ${'['.repeat(8000)}\n`,
    ),
    kept('the same without brackets', `${'- '.repeat(4000)}a\n`),
    kept('aliases that grow to 9³⁰ entries', laughs.join('')),
  ];
}

function dataCases(): KeptCase[] {
  const kept = (reason: string, name: string, text: string | Uint8Array): KeptCase => ({
    target: 'data',
    verdict: 'refuse',
    reason,
    files: { [name]: typeof text === 'string' ? textBytes(text) : text },
  });
  return [
    kept('rows with commas were measured as prose', 'rows.csv', 'a,b\n1,2\n'),
    kept('a list so deep that it overflowed the stack', 'rows.json', `[${deepList}]`),
    kept('a text of another type', 'rows.jsonl', '{"text":1}\n'),
    kept('half a character in UTF-8', 'text.txt', Uint8Array.of(0x61, 0xc3)),
    kept('nothing but blanks', 'text.txt', ' \n\t\n'),
  ];
}

function otherCases(): KeptCase[] {
  const record = exampleReproductionRecord();
  const claims = record.claims
    .slice(0, 1)
    .map((claim) => ({ ...claim, estimate: { mean: 1, low: 2, high: 0 } }));
  const plan = (name: string) =>
    textBytes(
      `{"schema":"rankscope.plan","version":1,"layers":[{"name":"${name}","family":"core","basis":"svd","rank":1}]}`,
    );
  return [
    {
      target: 'reproduction-record',
      verdict: 'refuse',
      reason: 'an interval that ends before it begins: the report broke on its number of digits',
      files: { 'reproduction.json': textBytes(JSON.stringify({ ...record, claims, experiments: [] })) },
    },
    ...['constructor', '__proto__'].map(
      (name): KeptCase => ({
        target: 'plan',
        verdict: 'refuse',
        reason: 'a layer with a name that objects inherit',
        files: { 'plan.json': plan(name) },
      }),
    ),
  ];
}
