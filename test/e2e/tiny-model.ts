/** A tiny model with a tokenizer and a text, for runs of the whole program. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REFERENCES = fileURLToPath(new URL('../reference/models', import.meta.url));
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** Ids of the byte-level alphabet that the text below needs: `Ġ` is the space. */
const VOCABULARY: Readonly<Record<string, number>> = Object.fromEntries(
  ['Ġ', ...LETTERS].map((letter, id) => [letter, id]),
);

/** Makes a GPT-2 of 2 blocks and width 24 (context 20), or another reference, in `folder`, and gives its path. */
export function makeTinyModel(folder: string, vocabulary = VOCABULARY, reference = 'gpt2'): string {
  mkdirSync(folder, { recursive: true });
  for (const file of ['config.json', 'model.safetensors'])
    cpSync(join(REFERENCES, reference, file), join(folder, file));
  const tokenizer = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab: vocabulary, merges: [] },
  };
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  return folder;
}

/** Overwrites the last float32 of the weights. */
export function putNanInto(model: string): void {
  const path = join(model, 'model.safetensors');
  const bytes = readFileSync(path);
  bytes.writeFloatLE(Number.NaN, bytes.length - 4);
  writeFileSync(path, bytes);
}

/** Writes `words` words of letters that follow one another in a fixed, uneven way. */
export function writeText(path: string, words = 2000): string {
  let state = 1;
  const next = (below: number) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const word = () => Array.from({ length: 2 + next(6) }, () => LETTERS[next(next(26) + 1)]).join('');
  writeFileSync(path, Array.from({ length: words }, word).join(' '));
  return path;
}
