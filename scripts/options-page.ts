/** docs/options.md as text, from the tables of options; `scripts/write-options.ts` writes it, a test holds it equal. */
import { ADVISE_OPTIONS } from '../src/cli/advise-options.ts';
import { PRETRAIN_OPTIONS } from '../src/cli/pretrain-options.ts';
import { PROBE_OPTIONS } from '../src/cli/probe-options.ts';
import { REPRODUCE_OPTIONS } from '../src/cli/reproduce-options.ts';
import { TRAIN_OPTIONS } from '../src/cli/train-options.ts';
import { MODEL_OPTIONS } from '../src/models/index.ts';
import { defaultText, type OptionSpec, type OptionSpecs } from '../src/options/index.ts';
import {
  ADVISE_OPTIONS as ADVISE,
  PROBE_OPTIONS as PROBE,
  TRAIN_OPTIONS as TRAIN,
} from '../src/record/index.ts';

const INTRODUCTION = `# Options

Made from the tables of options by \`npx tsx scripts/write-options.ts\`; do not edit.

An options file (\`--config options.yaml\`) takes the flags without their dashes, or the names in the library. A name in
the library stands where \`probe()\`, \`train()\` or \`openModel()\` takes the option.
`;

/** Each command with its options, and the names that the library has too. */
const COMMANDS: readonly (readonly [name: string, specs: OptionSpecs, library: OptionSpecs])[] = [
  ['probe', PROBE_OPTIONS, { ...PROBE, ...MODEL_OPTIONS }],
  ['advise', ADVISE_OPTIONS, { ...ADVISE, ...MODEL_OPTIONS }],
  ['train', TRAIN_OPTIONS, { ...TRAIN, ...MODEL_OPTIONS, resume: TRAIN_OPTIONS.resume }],
  ['pretrain', PRETRAIN_OPTIONS, {}],
  ['reproduce', REPRODUCE_OPTIONS, {}],
];

const HEAD =
  '| flag | also | in the library | what it is | takes | default | example |\n|---|---|---|---|---|---|---|';

export const renderOptions = (): string => `${[INTRODUCTION, ...COMMANDS.map(renderCommand)].join('\n')}`;

function renderCommand([name, specs, library]: (typeof COMMANDS)[number]): string {
  const rows = Object.entries(specs).map(([key, spec]) => renderRow(key in library ? key : null, spec));
  return `## rankscope ${name}\n\n${HEAD}\n${rows.join('\n')}\n`;
}

function renderRow(libraryName: string | null, spec: OptionSpec): string {
  const aliases = (spec.aliases ?? []).map((alias) => code(`--${alias}`)).join(', ');
  const library = libraryName === null ? '' : code(libraryName);
  const fallback = defaultText(spec) ?? '';
  const cells = [code(spec.flags), aliases, library, spec.help, spec.expected, fallback, code(spec.example)];
  return `| ${cells.map(escapeCell).join(' | ')} |`;
}

const code = (text: string) => `\`${text}\``;
/** A bar would end the cell; what looks like a tag or emphasis outside of code is to be read as it is. */
const escapeCell = (text: string) =>
  (text.startsWith('`') ? text : text.replace(/[<*_]/g, '\\$&')).replaceAll('|', '\\|');
