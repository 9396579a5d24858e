/** GGUF models with float32 weights, which llama.cpp computes with in float32. */
import { readFileSync } from 'node:fs';
import { joinSplit } from '../../src/checkpoint/gguf-split.ts';
import { decode, type GgufValue, readGgufHeader, writeGguf } from '../../src/checkpoint/index.ts';

/** The same GGUF model in one file, with every tensor as float32, and more keys. */
export async function writeFloatCopy(
  from: string,
  to: string,
  more: Readonly<Record<string, GgufValue>> = {},
): Promise<void> {
  const header = readGgufHeader(from);
  const { metadata } = header;
  const { tensors, files } = await joinSplit(from, from, header);
  const contents = new Map(files.map((file) => [file, readFileSync(file)]));
  const keys = metadata.keys().filter((key) => !key.startsWith('split.'));
  const storedValue = (key: string): GgufValue => {
    const { type, value } = metadata.entry(key)!;
    if (type === 'float32') return { float32: value as number };
    return (typeof value === 'object' ? [...value] : value) as GgufValue;
  };
  await writeGguf(
    to,
    { ...Object.fromEntries(keys.map((key) => [key, storedValue(key)])), ...more },
    tensors.map((tensor) => {
      const values = decode(
        tensor,
        contents.get(tensor.path)!.subarray(tensor.offset, tensor.offset + tensor.length),
      );
      return {
        name: tensor.name,
        shape: tensor.shape,
        type: 'F32' as const,
        data: new Uint8Array(values.buffer),
      };
    }),
  );
}

/** A vocabulary for those of `test/reference/gguf-architectures`, which llama.cpp wants. */
export const VOCABULARY: Readonly<Record<string, GgufValue>> = {
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'default',
  'tokenizer.ggml.tokens': Array.from({ length: 43 }, (_, id) => String.fromCharCode(65 + id)),
  'tokenizer.ggml.token_type': Array.from({ length: 43 }, () => 1),
  'tokenizer.ggml.merges': ['A B'],
};
