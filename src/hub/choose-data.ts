/** Which files of a repository a data set is made of. */
import { UserError } from '../errors/index.ts';
import { type HubReference, tellReference } from './hub-reference.ts';
import type { DataConfig } from './repository-info.ts';

/** Files that hold texts, by their endings. */
const DATA = /\.(jsonl|ndjson|json|parquet|csv|tsv|txt)(\.gz|\.zst)?$/i;
/** What stands beside them. */
const NO_DATA = /(^|\/)(dataset_infos?|dataset_dict|state|package|config|requirements)\.(json|txt)$|(^|\/)\./;

/** Words in names of files and folders that tell the split, as the `datasets` library reads them. */
const SPLITS: Readonly<Record<string, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['validation', 'valid', 'dev', 'val'],
  test: ['test', 'testing', 'eval', 'evaluation'],
};

interface Part {
  readonly config: string;
  readonly split: string;
  readonly files: readonly string[];
}

/**
 * The files that a reference means: the one that it names, or those of a split. What its card declares goes before what
 * the names of files tell; of several configurations and splits `default` and `train` are taken where nothing is said.
 *
 * @throws UserError `hub-file-not-found`, `hub-choice`.
 */
export function chooseData(
  names: readonly string[],
  configs: readonly DataConfig[],
  reference: HubReference,
): readonly string[] {
  const { file, part } = reference;
  if (file !== undefined) {
    if (names.includes(file)) return [file];
    throw notThere(reference, names.filter(isData));
  }
  const parts = partsOf(names, configs);
  if (parts.length === 0) throw notThere(reference, names);
  const fitting = part === undefined ? usual(parts) : meant(parts, part);
  const [chosen] = fitting;
  if (chosen === undefined || fitting.length > 1) throw ambiguous(reference, parts);
  const endings = new Set(chosen.files.map((name) => DATA.exec(name)![0].toLowerCase()));
  if (endings.size > 1) throw mixed(reference, chosen.files);
  return chosen.files;
}

const isData = (name: string): boolean => DATA.test(name) && !NO_DATA.test(name);

function partsOf(names: readonly string[], configs: readonly DataConfig[]): Part[] {
  const data = names.filter(isData).toSorted();
  const declared = configs
    .flatMap(({ name: config, splits }) =>
      splits.flatMap(({ split, patterns }): Part[] => {
        const expressions = patterns.map(toExpression);
        const files = data.filter((name) => expressions.some((one) => one.test(name)));
        return split === null ? bySplit(config, files) : [{ config, split, files }];
      }),
    )
    .filter(({ files }) => files.length > 0);
  if (declared.length > 0) return declared;
  // Pull requests of the hub's own converter put `config/split/0000.parquet`.
  const converted = data.map((name) => /^([^/]+)\/(?:partial-)?([^/]+)\/\d{4}\.parquet$/.exec(name));
  if (data.length > 0 && converted.every((match) => match !== null))
    return group(data.map((name, index) => [name, converted[index]![1]!, converted[index]![2]!]));
  return bySplit('default', data);
}

/** Where no name tells a split, all are of `train`; else those that tell none are left aside. */
function bySplit(config: string, names: readonly string[]): Part[] {
  const told = names.map((name) => [name, config, splitOf(name)] as const);
  const some = told.filter(([, , split]) => split !== undefined);
  return group((some.length > 0 ? some : told).map(([name, , split]) => [name, config, split ?? 'train']));
}

function group(files: readonly (readonly [name: string, config: string, split: string])[]): Part[] {
  const parts = new Map<string, { config: string; split: string; files: string[] }>();
  for (const [name, config, split] of files) {
    const key = `${config}/${split}`;
    const part = parts.get(key) ?? { config, split, files: [] };
    part.files.push(name);
    parts.set(key, part);
  }
  return [...parts.values()];
}

function splitOf(name: string): string | undefined {
  const words = name.toLowerCase().split(/[^a-z]+/);
  return Object.keys(SPLITS).find((split) => SPLITS[split]!.some((word) => words.includes(word)));
}

/** By split, by both, or by the configuration: then its `train`, or its only split. */
function meant(parts: readonly Part[], part: string): readonly Part[] {
  const named = parts.filter(({ config, split }) => [split, `${config}/${split}`].includes(part));
  return named.length > 0 ? named : usual(parts.filter(({ config }) => config === part));
}

function usual(parts: readonly Part[]): readonly Part[] {
  if (parts.length === 1) return parts;
  const configs = [...new Set(parts.map(({ config }) => config))];
  const config = configs.length === 1 ? configs[0] : 'default';
  return parts.filter((part) => part.config === config && part.split === 'train');
}

/** What the marks of a pattern mean, outside of braces. */
const MARKS: Readonly<Record<string, string>> = {
  '**/': '(?:.*/)?',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
  '{': '(?:',
  '}': ')',
  '[!': '[^',
};

/** A pattern of a card, with `*`, `**`, `?`, `[…]` and `{a,b}`; a folder stands for what is in it. */
function toExpression(pattern: string): RegExp {
  let depth = 0;
  const source = pattern.replace(/^\.\//, '').replace(/\*\*\/|\*\*|\[!|[*?{},.+^$()|\\]/g, (mark) => {
    depth += mark === '{' ? 1 : mark === '}' ? -1 : 0;
    if (mark === ',') return depth > 0 ? '|' : ',';
    return MARKS[mark] ?? `\\${mark}`;
  });
  try {
    return new RegExp(`^${source}(?:/.*)?$`);
  } catch {
    // A pattern that is none fits nothing.
    return /(?!)/;
  }
}

function tellParts({ id, revision }: HubReference, parts: readonly Part[]): string[] {
  const at = revision === 'main' ? '' : `@${revision}`;
  const configs = new Set(parts.map(({ config }) => config)).size;
  return parts.map(({ config, split, files }) => {
    const count = `${files.length} ${files.length === 1 ? 'file' : 'files'}`;
    return `${id}${at}:${configs > 1 ? `${config}/` : ''}${split} (${count})`;
  });
}

function ambiguous(reference: HubReference, parts: readonly Part[]): UserError {
  return new UserError('hub-choice', {
    what:
      reference.part === undefined
        ? `${tellReference(reference)} has several parts, and none that is meant where nothing is said.`
        : `${tellReference(reference)} is none of the parts of that data set, or several.`,
    got: tellParts(reference, parts),
    expected: 'one of them',
    fix: 'name one of these, or a file: org/name/path/file.jsonl',
  });
}

function mixed(reference: HubReference, files: readonly string[]): UserError {
  return new UserError('hub-choice', {
    what: `${tellReference(reference)} has files of several kinds, which may hold the same.`,
    got: files.map((name) => `${reference.id}/${name}`),
    expected: 'one kind',
    fix: 'name the file that is meant',
  });
}

function notThere(reference: HubReference, names: readonly string[]): UserError {
  const { id, file } = reference;
  return new UserError('hub-file-not-found', {
    what:
      file === undefined
        ? `The data set ${id} holds no text that can be read.`
        : `The data set ${id} has no file ${file}.`,
    got: names.length === 0 ? 'no files' : names.map((name) => `${id}/${name}`),
    expected: 'JSONL, NDJSON, JSON, CSV or Parquet',
    fix:
      file === undefined ? `try the hub's own conversion: ${id}@refs/convert/parquet` : 'name one of these',
  });
}
