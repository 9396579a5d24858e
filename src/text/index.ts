/** Room `text`: tokenizers, and from files to documents, sequences and batches of tokens. It knows no forward graph. */

export { type Batch, makeSequences, type Sequences, sampleBatches } from './batches.ts';
export { hashSequences } from './hash-sequences.ts';
export { type ReadSequences, readSequences } from './read-sequences.ts';
export type { Receipt, ShownPart } from './receipt.ts';
export { type Document, type Documents, readDocuments } from './text.ts';
export { TextStream } from './text-stream.ts';
export { openTokenizer, type Tokenizer } from './tokenizer.ts';
export type { TokenizerFiles } from './tokenizer-files.ts';
export { tokenizerFromGguf } from './tokenizer-gguf.ts';
