/** Training sequences in an order that is shuffled anew for every epoch. */

import { type Rng, shuffle } from '../numeric/index.ts';
import type { Batch, Sequences } from '../text/index.ts';

/**
 * Batches from an endless stream: epoch after epoch, each in an order of its own. The stream's place is a number,
 * the sequences taken so far, and a batch depends on that number and the generator alone.
 */
export function sequenceStream(sequences: Sequences, rng: Rng) {
  const { count } = sequences;
  let known: { epoch: number; order: number[] } | undefined;
  const sequenceAt = (place: number): number => {
    const epoch = Math.floor(place / count);
    if (known?.epoch !== epoch) {
      const order = Array.from({ length: count }, (_, index) => index);
      known = { epoch, order: shuffle(order, rng.fork(`epoch ${epoch}`)) };
    }
    return known.order[place % count]!;
  };
  return {
    /** The `size` sequences that follow the first `taken`. */
    batch: (taken: number, size: number): Batch =>
      sequences.batch(Array.from({ length: size }, (_, row) => sequenceAt(taken + row))),
  };
}
