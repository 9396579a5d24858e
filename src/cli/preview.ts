/** The first sequences of a text as they are trained on: what is predicted, and what is only given. */
import { styleText } from 'node:util';
import { printable } from './print.ts';
import type { TextsRead } from './read-texts.ts';
import { tellReceipt } from './tell-receipt.ts';

/** Both say it without colour. */
const MARKS = { given: '  | ', predicted: '  > ' };

/** Lines with a mark in front of each; a token that ends a line stands with its line. */
export function renderPreview(
  { texts, tokenizer }: Pick<TextsRead, 'texts' | 'tokenizer'>,
  count: number,
  color: boolean,
): string {
  const { path, receipt, sequences } = texts;
  const shown = Math.min(count, sequences.count);
  const parts = Array.from({ length: shown }, (_, index) => {
    const { tokens, lossMask, seqLen } = sequences.batch([index]);
    const targets = lossMask.reduce((sum, target) => sum + target, 0);
    const heading = `sequence ${index + 1} of ${sequences.count}: ${seqLen} tokens, ${targets} predicted`;
    const runs = runsOf(tokens, lossMask).map(({ ids, target }) =>
      renderRun(textOf(ids, tokenizer), target, color),
    );
    return [heading, ...runs].join('\n');
  });
  const legend = `${MARKS.predicted.trim()} predicted   ${MARKS.given.trim()} only given`;
  return `${[printable(tellReceipt(path, receipt).join('\n')), legend, ...parts].join('\n\n')}\n`;
}

function runsOf(tokens: Int32Array, lossMask: Uint8Array): { ids: number[]; target: boolean }[] {
  const runs: { ids: number[]; target: boolean }[] = [];
  for (const [i, id] of tokens.entries()) {
    const target = lossMask[i] === 1;
    const last = runs.at(-1);
    if (last?.target === target) last.ids.push(id);
    else runs.push({ ids: [id], target });
  }
  return runs;
}

/** Padding is one token many times. */
function textOf(ids: readonly number[], { decode }: TextsRead['tokenizer']): string {
  const repeated = ids.length > 3 && ids.every((id) => id === ids[0]);
  return repeated ? `${decode([ids[0]!])} × ${ids.length}` : decode(ids);
}

function renderRun(text: string, target: boolean, color: boolean): string {
  const lines = text.split('\n');
  const mark = target ? MARKS.predicted : MARKS.given;
  return lines
    .map((line, index) => {
      // A line end is shown: it is a token, or a part of one.
      const shown = printable(line) + (index < lines.length - 1 ? '⏎' : '');
      return mark + (color ? styleText(target ? 'green' : 'dim', shown, { validateStream: false }) : shown);
    })
    .filter(
      (line, index) => index < lines.length - 1 || line.trimEnd() !== mark.trimEnd() || lines.length === 1,
    )
    .join('\n');
}
