/** Whether the head is the embedding: what config and weights say together. */
import { type Checkpoint, differenceNorm } from '../checkpoint/index.ts';
import type { Architecture } from './definition.ts';

const HEAD = 'lm_head.weight';

/**
 * Settles `tie_word_embeddings` as transformers 5.24 does. Untied: both weights must be there. Tied: one of the two
 * stands for both, whichever is stored; where both are and differ, they are not tied, which the config then says.
 */
export function settleHead(checkpoint: Checkpoint, architecture: Architecture): Checkpoint {
  const { config, weights } = checkpoint;
  const { base, modules, tiedByDefault } = architecture;
  const { tie_word_embeddings: flag = tiedByDefault } = config;
  if (flag !== true) return checkpoint; // null is no flag at all, which the architecture's schema refuses
  const embeddingName = `${base}.${modules.embedding}.weight`;
  const [embedding, head] = [weights.get(embeddingName), weights.get(HEAD)];
  if (head === undefined) return checkpoint;
  const tied = new Map(weights);
  tied.delete(HEAD);
  if (embedding === undefined) {
    tied.set(embeddingName, { ...head, name: embeddingName });
    return { ...checkpoint, weights: tied };
  }
  // Of another shape it can't be tied; that it doesn't fit the config either is told where shapes are checked.
  const sameShape = embedding.shape.join() === head.shape.join();
  const { difference, norm } = sameShape
    ? differenceNorm(head, embedding)
    : { difference: Infinity, norm: 1 };
  if (difference === 0) return { ...checkpoint, weights: tied };
  const where = config.tie_word_embeddings === undefined ? 'by default' : 'in config.json';
  return {
    ...checkpoint,
    config: { ...config, tie_word_embeddings: false },
    warnings: [
      ...checkpoint.warnings,
      `The head is tied to the embedding ${where}, but ${HEAD} is stored and differs from it (norm of the difference ` +
        `${difference.toPrecision(4)}, ${((100 * difference) / norm).toPrecision(3)} % of the embedding's): the ` +
        'stored head is used, as transformers does.',
    ],
  };
}
