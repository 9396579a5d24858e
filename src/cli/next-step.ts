/** The next useful command, told at the end of one: with real paths, to be pasted. */
import { basename } from 'node:path';
import { isDrawn, type ProbeRecord, placeOf, type TrainRecord } from '../record/index.ts';
import { headlineRank } from '../report/index.ts';
import { bundledText } from './package-info.ts';
import { printable } from './print.ts';
import { shortPath } from './run-folder.ts';

/** A command with its words, and what it is for. */
export interface Step {
  readonly command: string;
  readonly why: string;
}

/**
 * Told on stderr, so that a pipe or a file gets the result alone. A command stands on a line of its own: not every shell
 * takes a comment behind it.
 */
export function tellNext(
  steps: readonly Step[],
  stream: { write(text: string): unknown } = process.stderr,
): void {
  for (const { command, why } of steps)
    stream.write(printable(`next${why === '' ? '' : `, ${why}`}:\n  ${command}\n`));
}

/** A command of this program as a shell takes it; words that are undefined or false are left out. */
export const rankscope = (...words: readonly (string | number | undefined | false)[]): string =>
  [
    programWords(),
    ...words.flatMap((word) => (word === undefined || word === false ? [] : quote(String(word)))),
  ].join(' ');

/** How this program was called: by its name, by npx, or by its file. */
function programWords(): string {
  const script = process.argv[1] ?? '';
  if (/\.[cm]?ts$/.test(script)) return `npx tsx ${quote(shortPath(script))}`;
  if (script.endsWith('.js')) return `node ${quote(shortPath(script))}`;
  return process.env.npm_command === 'exec' ? 'npx rankscope' : 'rankscope';
}

/** A word of a shell: in quotes where it has anything but letters, digits and harmless marks. */
export const quote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Flags of a command that say which text it reads, and how; each takes values. */
const TEXT_FLAGS = new Set([
  '--data',
  '--text-field',
  '--prompt-field',
  '--completion-field',
  '--chat-template',
]);

/** The words after those flags in a command as it was given, or the recorded path where it has none. */
function textWords(
  given: readonly string[],
  { model, data }: Pick<ProbeRecord, 'model'> & { readonly data: { readonly path: string } },
): string[] {
  const words: string[] = [];
  let taking = false;
  for (const word of given) {
    if (word.startsWith('--')) taking = TEXT_FLAGS.has(word.split('=')[0]!);
    // The model may stand behind a text.
    if (taking && word !== model.path) words.push(word);
  }
  return words.some((word) => word.startsWith('--data')) ? words : ['--data', data.path];
}

/** A command as it was given, without a switch, and without the folder that it has filled. */
const without = (given: readonly string[], name: string): string[] =>
  given.filter(
    (word, i) => word !== name && given[i - 1] !== '--out' && word !== '--out' && !word.startsWith('--out='),
  );

/**
 * After a probe: a training with what it found.
 *
 * @param given the words behind `rankscope probe`, where they are known.
 */
export function afterProbe(record: ProbeRecord, given: readonly string[] = []): Step[] {
  const { settings } = record;
  const model = placeOf(record.model);
  const text = textWords(given, record);
  const wholly = given.includes('--quick') ? without(given, '--quick') : [model, ...text];
  const whole = { command: rankscope('probe', ...wholly), why: 'with all that --quick left out' };
  const chosen = chooseStart(record);
  const steps = settings.quick ? [whole] : [];
  if (chosen === null) return steps;
  const { basis, family, rank, why } = chosen;
  const command = rankscope(
    ...['train', model, ...text],
    ...(family === 'core' ? [] : ['--adapter', family]),
    ...['--basis', basis, '--rank', rank, '--lr', 'auto'],
    ...(settings.layers === '*' ? [] : ['--layers', settings.layers]),
    ...(settings.compute === 'float32' ? [] : ['--compute', settings.compute]),
  );
  return [...steps, { command, why }];
}

/**
 * The basis that leads at the rank that the report speaks of: by ν where that is decided, else by coverage. Null where
 * nothing but drawn frames was measured.
 */
function chooseStart(record: ProbeRecord) {
  const rank = headlineRank(record);
  const made = record.global.bases.filter(({ basis }) => !isDrawn(basis));
  const family = made[0]?.families.some((one) => one.family === 'core')
    ? 'core'
    : made[0]?.families[0]?.family;
  if (rank === null || family === undefined) return null;
  const decided = record.global.comparisons?.find(
    (one) =>
      one.measure === 'natural' &&
      one.rank === rank &&
      !isDrawn(one.leader) &&
      one.differences.every(({ difference }) => difference.low > 0),
  );
  const reach = (basis: (typeof made)[number]) =>
    basis.families.find((one) => one.family === family)?.points.find((point) => point.rank === rank)?.coverage
      .mean ?? 0;
  const best = made.reduce((a, b) => (reach(b) > reach(a) ? b : a)).basis;
  const basis = decided?.leader ?? best;
  const file = record.settings.framesFiles.find(({ name }) => name === basis);
  return {
    basis: file === undefined ? basis : `${file.path}#${file.label}`,
    family,
    rank,
    why:
      decided === undefined
        ? 'from the start that reached most of the gradient'
        : 'from the start that leads by ν',
  };
}

/**
 * After a training: its loss, and the adapter for others.
 *
 * @param given the words behind `rankscope train`, where they are known.
 */
export function afterTraining(
  run: string,
  record: Pick<TrainRecord, 'model' | 'data' | 'evalData'>,
  given: readonly string[] = [],
): Step[] {
  const { evalData } = record;
  const text = evalData === null ? textWords(given, record) : ['--data', evalData.path];
  return [
    {
      command: rankscope('eval', '--adapter', run, ...text),
      why: `the loss without and with it${evalData === null ? '; a text that it was not trained on tells more' : ''}`,
    },
    exportStep(run),
  ];
}

export const exportStep = (run: string): Step => ({
  command: rankscope('export', run, '--out', `${run.replace(/[\\/]+$/, '')}-peft`),
  why: 'a form for PEFT; --format has others',
});

/** How other programs load what was exported. */
export const AFTER_EXPORT: Readonly<
  Record<'peft' | 'merged' | 'gguf-lora', (out: string, base: string) => Step[]>
> = {
  peft: (out, base) =>
    base.endsWith('.gguf')
      ? [
          {
            command: rankscope('inspect', out),
            why: 'PEFT opens no GGUF base, so name its original with --base-model, or export with --format gguf-lora',
          },
        ]
      : [
          {
            command: python(
              'from peft import AutoPeftModelForCausalLM as M',
              `M.from_pretrained(${text(out)})`,
            ),
            why: 'base and adapter in PEFT',
          },
        ],
  merged: (out) => [
    {
      command: python(
        'from transformers import AutoModelForCausalLM as M',
        `M.from_pretrained(${text(out)})`,
      ),
      why: 'as any model of transformers',
    },
    { command: rankscope('generate', out, '--prompt', 'The '), why: 'a text by it' },
  ],
  'gguf-lora': (out, base) => [
    {
      command: ['llama-cli', '-m', base.endsWith('.gguf') ? base : `${basename(base)}.gguf`, '--lora', out]
        .map(quote)
        .join(' '),
      why: base.endsWith('.gguf') ? '' : `with the base as convert_hf_to_gguf.py of llama.cpp makes it`,
    },
  ],
};

const python = (...lines: readonly string[]): string => `python -c ${quote(lines.join('; '))}`;
const text = (word: string): string => JSON.stringify(word);

/** After an evaluation: the adapter that was best, or a measurement where there was none. */
export function afterEvaluation(best: string | undefined, model: string, data: string): Step[] {
  if (best !== undefined) return [exportStep(best)];
  return [{ command: rankscope('probe', model, '--data', data), why: 'what an adapter could reach' }];
}

/** After a look at a model, or a text made with it. */
export const quickProbe = (model: string): Step => ({
  command: rankscope('probe', model, '--quick', '--data', bundledText()),
  why: 'a first look, on the bundled text; on your own it says more',
});
