/** What we use of the tokenizers library. Its types do not resolve under Node's rules; what it exports is checked here. */
import * as library from '@huggingface/tokenizers';

interface Exports {
  readonly SplitPreTokenizer: new (entry: object) => { readonly pattern: RegExp };
  readonly SequenceDecoder: new (entry: object) => { decode_chain(tokens: string[]): string[] };
}

export const { SplitPreTokenizer, SequenceDecoder } = library as unknown as Exports;
