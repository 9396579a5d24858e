/** A change of an op, of the backward walk or of a pass shows in the graphs of whole models, before any number does. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, it } from 'vitest';
import { GOLDENS } from '../support/goldens.ts';

/** One more node renumbers all that follow: without numbers, the difference shows what is new alone. */
const unnumbered = (text: string) => text.replace(/%\d+/g, '%').split('\n');

it.each(GOLDENS.map((golden) => [basename(golden.file), golden] as const))(
  '%s (scripts/write-goldens.ts writes it again)',
  async (_, { file, print }) => {
    const [now, kept] = [await print(), readFileSync(file, 'utf8')];
    expect(unnumbered(now)).toEqual(unnumbered(kept));
    expect(now).toBe(kept);
  },
);
