/** A folder that holds no model that can be read, called by what it holds. */
import { join } from 'node:path';
import { type SayOption, UserError } from '../errors/index.ts';

const SAVE = 'model.save_pretrained(folder, safe_serialization=True)';

/** What a folder may be instead, by the names in it, with what to do; the first that fits is told. */
const KINDS: readonly (readonly [
  name: RegExp,
  got: string,
  fix: (folder: string, entry: string, option: SayOption) => string,
])[] = [
  [
    /^adapter_config\.json$/,
    'an adapter without its base model (adapter_config.json)',
    () => `name the base model, or merge the adapter into it with PEFT: merge_and_unload(), then ${SAVE}`,
  ],
  [
    /^adapter\.json$/,
    'an adapter of this program (adapter.json)',
    (_folder, _entry, option) => `name its base model, and this folder as ${option('adapter')}`,
  ],
  [/^(probe|train|reproduction|run)\.json$/, 'a run of this program', () => 'name the model, not its run'],
  [/\.gguf$/, 'a GGUF file', (folder, entry) => `name the file itself: ${join(folder, entry)}`],
  [
    /\.(bin|pt|pth|ckpt)$/,
    'weights pickled by PyTorch, which are not read: loading them would run their code',
    () => `save the model as safetensors: ${SAVE}`,
  ],
  [/\.(h5|msgpack|onnx)$/, 'weights of another framework', () => `save the model with PyTorch: ${SAVE}`],
  [/^model_index\.json$/, 'a pipeline of diffusers', () => 'name the folder of a language model'],
  [
    /^snapshots$/,
    'a cache of the Hugging Face hub',
    (folder) => `name the folder in ${join(folder, 'snapshots')} that holds config.json`,
  ],
];

/** The error `model-incomplete` for a folder with these entries. */
export function notAModel(folder: string, entries: readonly string[]): UserError {
  for (const [name, got, fix] of KINDS) {
    const entry = entries.find((entry) => name.test(entry));
    if (entry !== undefined) {
      return incomplete(folder, `${got}: ${entry}`, (option) => fix(folder, entry, option));
    }
  }
  const names = entries.slice(0, 8).join(', ') || 'nothing';
  return incomplete(folder, `the folder holds ${names}`, () => `save the model there: ${SAVE}`);
}

function incomplete(folder: string, got: string, fix: (option: SayOption) => string): UserError {
  return new UserError('model-incomplete', (option) => ({
    what: `${folder} is not a complete model.`,
    got,
    expected: 'config.json and model.safetensors, or model.safetensors.index.json with its shards',
    fix: fix(option),
  }));
}
