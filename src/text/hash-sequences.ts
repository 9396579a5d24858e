import { createHash } from 'node:crypto';
import type { Sequences } from './batches.ts';

/** sha256 of token ids and loss masks: of text, tokenizer and cutting together, whatever made them so. */
export function hashSequences({
  tokens,
  lossMask,
  seqLen,
}: Pick<Sequences, 'tokens' | 'lossMask' | 'seqLen'>): string {
  const hash = createHash('sha256').update(`${seqLen} `);
  for (const part of [tokens, lossMask])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex');
}
