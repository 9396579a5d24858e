import { UserError } from '../errors/index.ts';

/** The error for a GGUF file of a Llama model with something that this room can't tell in Hugging Face's words. */
export function unsupportedFeature(path: string, feature: string): UserError {
  return new UserError('gguf-unsupported', {
    what: `${path} uses a part of the Llama family that cannot be read from GGUF.`,
    got: feature,
    expected: 'a dense Llama model, its rotary frequencies plain, linearly scaled or scaled as in Llama 3',
    fix: 'use the Hugging Face folder of the model (config.json and safetensors)',
  });
}
