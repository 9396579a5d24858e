import { describe, expect, it } from 'vitest';
import { ggufMetadata } from '../../../test/support/gguf.ts';
import { ggufModelConfig, ggufTokenizerFiles } from './gguf-folder.ts';

const METADATA = {
  'general.architecture': 'llama',
  'llama.context_length': 64,
  'tokenizer.ggml.model': 'gpt2',
  'tokenizer.ggml.pre': 'smollm',
  'tokenizer.ggml.tokens': ['<s>', '</s>', 'a', 'b', 'ab'],
  'tokenizer.ggml.token_type': [3, 3, 1, 1, 1],
  'tokenizer.ggml.merges': ['a b'],
  'tokenizer.ggml.bos_token_id': 0,
  'tokenizer.ggml.eos_token_id': 1,
  'tokenizer.chat_template': '{{ messages }}',
};

describe('files of a Hugging Face folder from a GGUF header', () => {
  it('say which tokens begin and end a text', () => {
    expect(ggufModelConfig({ hidden_size: 8 }, ggufMetadata(METADATA))).toEqual({
      hidden_size: 8,
      bos_token_id: 0,
      eos_token_id: 1,
      pad_token_id: null,
    });
    const padded = ggufModelConfig({}, ggufMetadata({ ...METADATA, 'tokenizer.ggml.padding_token_id': 2 }));
    expect(padded.pad_token_id).toBe(2);
  });

  it('hold the tokenizer and its chat template', () => {
    const files = ggufTokenizerFiles('model.gguf', ggufMetadata(METADATA));
    expect(Object.keys(files)).toEqual(['tokenizer.json', 'tokenizer_config.json']);
    expect(files['tokenizer_config.json']).toEqual({
      bos_token: '<s>',
      eos_token: '</s>',
      add_bos_token: false,
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: 64,
      clean_up_tokenization_spaces: false,
      chat_template: '{{ messages }}',
    });
    expect(files['tokenizer.json']).toMatchObject({
      version: '1.0',
      post_processor: null,
      model: { type: 'BPE', merges: [['a', 'b']], vocab: { ab: 4 } },
    });
  });

  it('put the begin-of-text token in front where the model was trained so', () => {
    const files = ggufTokenizerFiles(
      'model.gguf',
      ggufMetadata({ ...METADATA, 'tokenizer.ggml.add_bos_token': true }),
    );
    expect(files['tokenizer.json']).toMatchObject({
      post_processor: {
        type: 'TemplateProcessing',
        single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
        special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
      },
    });
  });
});
