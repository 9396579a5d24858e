/** Some of the documents of texts that are too long to be used whole. */
import type { Rng } from '../numeric/index.ts';
import { sizeOf } from './document.ts';
import type { FileDocument } from './documents.ts';

export interface SampleOptions {
  /** Characters to keep at most. */
  readonly characters: number;
  readonly rng: Rng;
}

/** How many of them were taken, once all have been seen. */
export interface SampleCount {
  seen: number;
  kept: number;
}

/**
 * All documents in their order while they are short together; of longer ones a random sample, each as likely as the next.
 * Every document draws a number, and those with the smallest stay: so much is kept, and no more is held in memory.
 */
export async function* sampleDocuments(
  documents: AsyncIterable<FileDocument>,
  { characters, rng }: SampleOptions,
  count: SampleCount,
): AsyncGenerator<FileDocument> {
  let kept: { readonly document: FileDocument; readonly size: number; readonly draw: number }[] = [];
  let size = 0;
  let limit = Number.POSITIVE_INFINITY;
  const trim = () => {
    const drawn = kept.toSorted((a, b) => a.draw - b.draw);
    size = 0;
    const end = drawn.findIndex((item, index) => {
      size += item.size;
      return size > characters && index > 0;
    });
    if (end < 0) return;
    limit = drawn[end]!.draw;
    size -= drawn[end]!.size;
    kept = kept.filter(({ draw }) => draw < limit);
  };
  for await (const document of documents) {
    count.seen++;
    const draw = rng.uniform();
    if (draw >= limit) continue;
    const own = sizeOf(document.document);
    kept.push({ document, size: own, draw });
    size += own;
    if (size > 2 * characters) trim();
  }
  if (size > characters) trim();
  count.kept = kept.length;
  for (const { document } of kept) yield document;
}
