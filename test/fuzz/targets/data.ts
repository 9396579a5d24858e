/** Texts that are measured and trained on. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Rng } from '../../../src/numeric/index.ts';
import { type Document, readDocuments } from '../../../src/text/index.ts';
import { changeBytes, textBytes } from '../kit/change-bytes.ts';
import { breakJson, differs } from '../kit/json-case.ts';
import { chance, oddJson, pick, words } from '../kit/odd-values.ts';
import { defineTarget, type FuzzCase } from '../kit/target.ts';

type Read = readonly Document[];

export const data = defineTarget<Read>({
  name: 'data',
  weight: 2,
  make: makeData,
  read: async (folder) => (await readDocuments(join(folder, readdirSync(folder)[0]!))).documents,
});

function makeData(rng: Rng): FuzzCase<Read> {
  const kind = pick(rng, ['text.txt', 'rows.jsonl', 'rows.json'] as const);
  const rows = Array.from({ length: 1 + rng.integer(5) }, () => makeRow(rng));
  const list = kind === 'rows.json';
  const text =
    kind === 'text.txt'
      ? words(rng, 40)
      : list
        ? JSON.stringify(rows.map(written))
        : rows.map((row) => `${JSON.stringify(written(row))}\n`).join('');
  const expected = (kind === 'text.txt' ? [{ text }] : rows).filter((row) => row.text.trim() !== '');
  if (chance(rng, 0.3)) {
    const holdsText = expected.length > 0;
    return {
      files: { [kind]: textBytes(text) },
      verdict: holdsText ? 'accept' : 'refuse',
      changes: holdsText ? [] : ['no text'],
      check: (read) => differs(expected, read),
    };
  }
  if (list || chance(rng, 0.3)) {
    if (list && chance(rng, 0.5)) {
      const broken = breakJson(rows.map(written), rng, {
        intact: 0,
        // A field of another kind leaves nothing to read; `prompt` counts only beside a `completion`.
        breaks: ({ what, path }) => what === 'retype' && ['*', '*/text', '*/completion'].includes(path),
      });
      return { files: { [kind]: broken.bytes }, verdict: broken.verdict, changes: broken.changes };
    }
    const { bytes, what } = changeBytes(textBytes(text), rng, () => textBytes(text));
    const isUtf8 = Buffer.from(bytes).equals(Buffer.from(Buffer.from(bytes).toString('utf8')));
    return { files: { [kind]: bytes }, verdict: isUtf8 ? 'either' : 'refuse', changes: [what] };
  }
  // Lines that are no rows.
  const line = pick(rng, [
    '{"body":"x"}',
    '[]',
    '"text"',
    '3',
    '{"text":',
    '{"prompt":"a"}',
    '{"text":1}',
    oddJson(rng),
  ]);
  const jsonl = text.startsWith('{') ? text : rows.map((row) => `${JSON.stringify(written(row))}\n`).join('');
  const isRow = line.includes('\n') || line.trim() === '';
  return {
    files: { 'rows.jsonl': textBytes(`${jsonl}${line}\n`) },
    verdict: isRow ? 'either' : 'refuse',
    changes: [line.slice(0, 60)],
  };
}

function makeRow(rng: Rng): { readonly text: string; readonly prompt?: string } {
  const text = chance(rng, 0.1) ? '' : words(rng);
  return chance(rng, 0.4) ? { prompt: words(rng), text } : { text };
}

const written = ({ prompt, text }: ReturnType<typeof makeRow>) =>
  prompt === undefined ? { text } : { prompt, completion: text };
