/** llama.cpp cuts texts as we do: every `tokenizer.ggml.pre` that we read, and SentencePiece's vocabularies. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type GgufValue, writeGguf } from '../../src/checkpoint/index.ts';
import { tokenizerFromGguf } from '../../src/text/index.ts';
import { createTokenizer } from '../../src/text/tokenizer.ts';
import { ggufMetadata } from '../support/gguf.ts';
import { METADATA, tensors } from './tiny-llama.ts';
import { findLlamaCpp } from './tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'interop-tokens-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const llamaCpp = await findLlamaCpp();
const reason = llamaCpp.missing === undefined ? '' : ` (skipped: ${llamaCpp.missing})`;

const read = (path: string) =>
  JSON.parse(readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8'));
const { texts }: { texts: readonly string[] } = read('../reference/tokenizers/texts.json');
const { model: bytePairs } = read('../reference/tokenizers/gpt2.json').tokenizer;
const sentencePieces: Readonly<
  Record<string, { tokens: string[]; scores: number[]; types: number[]; addSpacePrefix: boolean }>
> = read('../reference/tokenizers-spm.json');

const PRE = [
  ...['command-r', 'dbrx', 'default', 'gpt-2', 'llama-bpe', 'mpt', 'olmo', 'phi-2', 'qwen2'],
  ...['refact', 'smaug-bpe', 'smollm', 'starcoder'],
];

/** Texts that llama.cpp and this program do not make the same ids of. */
async function differing(name: string, keys: Record<string, GgufValue>, begin: number): Promise<string[]> {
  const path = join(folder, `${name}.gguf`);
  const width = (keys['tokenizer.ggml.tokens'] as readonly string[]).length;
  const rows = tensors().map((tensor) =>
    tensor.name === 'token_embd.weight'
      ? { ...tensor, shape: [width, 32], data: new Uint8Array(width * 32 * 4) }
      : tensor,
  );
  const all = { ...keys, 'tokenizer.ggml.bos_token_id': begin, 'tokenizer.ggml.eos_token_id': begin + 1 };
  await writeGguf(path, { ...METADATA, 'llama.vocab_size': width, ...all }, rows);
  const ours = createTokenizer(path, tokenizerFromGguf(path, ggufMetadata(all)));
  const model = await llamaCpp.tool!.llama.loadModel({ modelPath: path, vocabOnly: true });
  const different = texts.filter(
    (text) => [...model.tokenize(text, true)].join() !== ours.encode(text).join(),
  );
  await model.dispose();
  return different;
}

describe.skipIf(llamaCpp.missing !== undefined)(`llama.cpp${reason}`, () => {
  it.each(PRE)('gives our ids with tokenizer.ggml.pre = %s', async (pre) => {
    const tokens = Object.keys(bytePairs.vocab).sort((a, b) => bytePairs.vocab[a] - bytePairs.vocab[b]);
    const different = await differing(
      pre,
      {
        'tokenizer.ggml.model': 'gpt2',
        'tokenizer.ggml.pre': pre,
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.token_type': tokens.map(() => 1),
        'tokenizer.ggml.merges': bytePairs.merges.map((pair: [string, string]) => pair.join(' ')),
        'tokenizer.ggml.add_bos_token': false,
      },
      0,
    );
    // Qwen's own tokenizer composes characters first, which llama.cpp leaves out.
    const composed = texts.filter((text) => pre === 'qwen2' && text.normalize('NFC') !== text);
    expect(different).toEqual(composed);
  });

  it.each(Object.entries(sentencePieces))(
    'gives our ids with a SentencePiece vocabulary like %s',
    async (name, one) => {
      const different = await differing(
        name,
        {
          'tokenizer.ggml.model': 'llama',
          'tokenizer.ggml.tokens': one.tokens,
          'tokenizer.ggml.scores': one.scores.map((score) => ({ float32: score })),
          'tokenizer.ggml.token_type': one.types,
          'tokenizer.ggml.add_space_prefix': one.addSpacePrefix,
          'tokenizer.ggml.add_bos_token': false,
        },
        1,
      );
      // Runs of ▁ that the text spells itself: SentencePiece takes them for spaces, llama.cpp looks for them first.
      expect(different).toEqual(texts.filter((text) => name === 'gemma' && text.includes('▁▁')));
    },
  );
});
