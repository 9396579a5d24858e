/** A byte-level BPE vocabulary as Hugging Face's tokenizer.json and tokenizer_config.json. */
import type { BytePairVocabulary } from './bpe-trainer.ts';

const END_OF_TEXT = '<|endoftext|>';

/** The end-of-text token is the last one, as in GPT-2. */
export function tokenizerFiles({ tokens, merges }: BytePairVocabulary) {
  const endOfText = tokens.length;
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: endOfText,
        content: END_OF_TEXT,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...tokens, END_OF_TEXT].map((token, id) => [token, id])),
      merges,
    },
  };
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: END_OF_TEXT,
    eos_token: END_OF_TEXT,
    unk_token: END_OF_TEXT,
    add_bos_token: false,
    clean_up_tokenization_spaces: false,
    model_max_length: 256,
  };
  return { tokenizer, config };
}
