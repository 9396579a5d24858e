/** The architectures that can be opened, by the `model_type` of their config. A new one is one line and one file. */
import { UserError } from '../../errors/index.ts';
import { shorten } from '../config.ts';
import type { Architecture } from '../definition.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { gptNeox } from './gpt-neox.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { olmo2 } from './olmo2.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { smollm3 } from './smollm3.ts';
import { starcoder2 } from './starcoder2.ts';

// A map, not an object: `constructor` is no architecture.
const ARCHITECTURES: ReadonlyMap<unknown, Architecture> = new Map([
  ['gemma2', gemma2],
  ['gemma3_text', gemma3],
  ['gpt2', gpt2],
  ['gpt_neox', gptNeox],
  ['llama', llama],
  ['mistral', mistral],
  ['olmo2', olmo2],
  ['phi3', phi3],
  ['qwen2', qwen2],
  ['qwen3', qwen3],
  ['smollm3', smollm3],
  ['starcoder2', starcoder2],
]);

/** Kinds of models that people bring and that this program cannot compute, by `model_type`. */
const OTHER_KINDS: ReadonlyMap<unknown, string> = new Map([
  ...kind('a mixture of experts', [
    ...[
      'dbrx',
      'deepseek_v2',
      'deepseek_v3',
      'glm4_moe',
      'gpt_oss',
      'granitemoe',
      'jamba',
      'llama4_text',
      'mixtral',
    ],
    ...['olmoe', 'phimoe', 'qwen2_moe', 'qwen3_moe', 'qwen3_next'],
  ]),
  ...kind('a model of images and text', [
    ...[
      'gemma3',
      'idefics3',
      'llama4',
      'llava',
      'mistral3',
      'mllama',
      'paligemma',
      'qwen2_5_vl',
      'qwen2_vl',
      'qwen3_vl',
    ],
    ...['smolvlm'],
  ]),
  ...kind('an encoder', [
    'bert',
    'deberta-v2',
    'distilbert',
    'electra',
    'modernbert',
    'roberta',
    'xlm-roberta',
  ]),
  ...kind('an encoder with a decoder', ['bart', 'mbart', 'mt5', 't5', 'whisper']),
  ...kind('a state-space model', ['falcon_mamba', 'mamba', 'mamba2', 'rwkv']),
]);

function kind(what: string, types: readonly string[]): [string, string][] {
  return types.map((type) => [type, what]);
}

/** The architecture that a config names. Throws {@link UserError} `architecture-unknown`; `path` is for the message. */
export function findArchitecture(config: Readonly<Record<string, unknown>>, path: string): Architecture {
  const architecture = ARCHITECTURES.get(config.model_type);
  if (architecture !== undefined) return architecture;
  const other = OTHER_KINDS.get(config.model_type);
  throw new UserError('architecture-unknown', {
    what: `the architecture of ${path} is not known`,
    got: `model_type ${shorten(config.model_type)}${other === undefined ? '' : `, ${other}`}`,
    expected: `one of ${[...ARCHITECTURES.keys()].join(', ')}`,
    fix: 'use a model of a listed architecture',
  });
}
