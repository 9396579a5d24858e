/** What a Hugging Face folder needs beside weights, made from the header of a GGUF file. */
import type { GgufMetadata } from '../../checkpoint/index.ts';
import { tokenizerFromGguf } from '../../text/index.ts';

/** config.json: the model's shape, and the tokens that begin, end and pad its texts. */
export function ggufModelConfig(
  config: Readonly<Record<string, unknown>>,
  gguf: GgufMetadata,
): Record<string, unknown> {
  return {
    ...config,
    bos_token_id: tokenId(gguf, 'bos'),
    eos_token_id: tokenId(gguf, 'eos'),
    // Said in any case: a class of transformers may have one that the vocabulary does not reach.
    pad_token_id: tokenId(gguf, 'padding') ?? null,
  };
}

/** tokenizer.json and tokenizer_config.json by file name. Throws `UserError` as `tokenizerFromGguf`. */
export function ggufTokenizerFiles(path: string, gguf: GgufMetadata): Record<string, unknown> {
  const { tokenizer, config } = tokenizerFromGguf(path, gguf);
  const template = gguf.string('tokenizer.chat_template');
  return {
    'tokenizer.json': { version: '1.0', truncation: null, padding: null, ...tokenizer },
    'tokenizer_config.json': {
      ...config,
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: gguf.integer(`${gguf.string('general.architecture')}.context_length`),
      clean_up_tokenization_spaces: false,
      ...(template === undefined ? {} : { chat_template: template }),
    },
  };
}

function tokenId(gguf: GgufMetadata, kind: 'bos' | 'eos' | 'padding'): number | undefined {
  return gguf.integer(`tokenizer.ggml.${kind}_token_id`);
}
