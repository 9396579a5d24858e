import { UserError } from '../errors/index.ts';

/** The error for a GGUF file of a known architecture with something that can't be told in Hugging Face's words. */
export function unsupportedFeature(path: string, feature: string): UserError {
  return new UserError('gguf-unsupported', {
    what: `${path} has something that cannot be read from GGUF.`,
    got: feature,
    expected:
      'a dense model of this architecture, its rotary frequencies plain or scaled as transformers does',
    fix: 'use the Hugging Face folder of the model (config.json and safetensors)',
  });
}
