/**
 * Room `text`: tokenizers and chat templates; and from files to documents, sequences and batches of tokens. It knows no
 * forward graph.
 */

export type { Chat, Message } from './chat/chat.ts';
export { describeTokenizer, type TokenizerDescription } from './describe-tokenizer.ts';
export type { Document, TextDocument } from './document.ts';
export { checkTexts, type Documents, readDocuments, type TextPaths } from './documents.ts';
export {
  makeSequences,
  namePaths,
  type ReadSequences,
  readSequences,
  type TextOptions,
} from './read-sequences.ts';
export type { FileReceipt, Receipt, ShownPart } from './receipt.ts';
export { type Batch, type Sequences, sampleBatches, sequencesOf } from './sequences.ts';
export { TextStream } from './text-stream.ts';
export { openTokenizer, type Tokenizer } from './tokenizer.ts';
export type { TokenizerFiles } from './tokenizer-files.ts';
export { tokenizerFromGguf } from './tokenizer-gguf.ts';
