/**
 * Writes a Llama with random bfloat16 weights, of the shape of a known model, with the bundled tokenizer: for measuring
 * time and memory at sizes that no test can carry. It streams: memory does not grow with the model.
 *
 *     npx tsx scripts/write-random-llama.ts SHAPE FOLDER [NAME=VALUE ...]
 *
 * SHAPE is a key of SHAPES; NAME=VALUE changes a field of its config (vocab_size=262144).
 */
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeHeader } from '../src/checkpoint/safetensors-write.ts';
import { makeFolder, writeFileAtomically } from '../src/files/index.ts';
import { llama } from '../src/models/architectures/llama.ts';
import { sizeOf } from '../src/numeric/index.ts';

const SHARED = { architectures: ['LlamaForCausalLM'], model_type: 'llama', hidden_act: 'silu' };
const SHAPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'tinyllama-1.1b': {
    ...SHARED,
    vocab_size: 32_000,
    hidden_size: 2048,
    intermediate_size: 5632,
    num_hidden_layers: 22,
    num_attention_heads: 32,
    num_key_value_heads: 4,
    max_position_embeddings: 2048,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
  },
  'llama-3.2-3b': {
    ...SHARED,
    vocab_size: 128_256,
    hidden_size: 3072,
    intermediate_size: 8192,
    num_hidden_layers: 28,
    num_attention_heads: 24,
    num_key_value_heads: 8,
    head_dim: 128,
    max_position_embeddings: 131_072,
    rms_norm_eps: 1e-5,
    rope_theta: 500_000,
    tie_word_embeddings: true,
  },
  'smollm2-135m': {
    ...SHARED,
    vocab_size: 49_152,
    hidden_size: 576,
    intermediate_size: 1536,
    num_hidden_layers: 30,
    num_attention_heads: 9,
    num_key_value_heads: 3,
    max_position_embeddings: 8192,
    rms_norm_eps: 1e-5,
    rope_theta: 100_000,
    tie_word_embeddings: true,
  },
};

/** Standard deviation of the matrices, as a Llama is initialised. */
const DEVIATION = 0.02;
const PIECE_ELEMENTS = 2 ** 22;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

const [name, folder, ...changes] = process.argv.slice(2);
const shape = SHAPES[name ?? ''];
if (shape === undefined || folder === undefined)
  throw new Error(
    `usage: write-random-llama.ts ${Object.keys(SHAPES).join('|')} FOLDER [vocab_size=262144 ...]`,
  );
const changed = changes
  .map((change) => change.split('='))
  .map(([field, value]) => [field, JSON.parse(value!)]);
const config = { ...shape, ...Object.fromEntries(changed), torch_dtype: 'bfloat16' };

makeFolder(folder);
writeFileSync(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
const assets = fileURLToPath(new URL('../assets/model', import.meta.url));
for (const file of ['tokenizer.json', 'tokenizer_config.json'])
  copyFileSync(join(assets, file), join(folder, file));

const { weights } = llama.define(config);
const entries = weights.map((weight) => ({ ...weight, dtype: 'BF16', bytes: 2 * sizeOf(weight.shape) }));
await writeFileAtomically(join(folder, 'model.safetensors'), async (file) => {
  await file.writeFile(encodeHeader(entries, { format: 'pt' }));
  const draw = randomBits(1);
  for (const { shape: dimensions } of weights) {
    for (let left = sizeOf(dimensions); left > 0; left -= PIECE_ELEMENTS) {
      const piece = new Uint16Array(Math.min(left, PIECE_ELEMENTS));
      // Vectors are the weights of norms, which begin at one.
      if (dimensions.length === 1) piece.fill(toBfloat16(1));
      else for (let i = 0; i < piece.length; i++) piece[i] = toBfloat16(DEVIATION * nearlyNormal(draw()));
      await file.writeFile(new Uint8Array(piece.buffer));
    }
  }
});

/** Xorshift (Marsaglia, 2003), 32 bits at a time: a model has billions of weights to draw. */
function randomBits(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  };
}

/** The sum of four bytes, with mean 0 and variance 1. */
function nearlyNormal(bits: number): number {
  const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
  return (sum - 510) / Math.sqrt((256 ** 2 - 1) / 3);
}

function toBfloat16(value: number): number {
  float[0] = value;
  return word[0]! >>> 16;
}
