/** Which files the texts stand in: files, folders, patterns and standard input, as they were named. */
import { existsSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { UserError } from '../../errors/index.ts';

/** How what stands in a file is parted into documents. */
export type TextFormat = 'text' | 'lines' | 'json' | 'csv' | 'tsv' | 'parquet';

export interface TextFile {
  /** `-` for standard input. */
  readonly path: string;
  readonly format: TextFormat;
}

/** Name of standard input among paths. */
export const STANDARD_INPUT = '-';

const FORMATS: Readonly<Record<string, TextFormat>> = {
  '.jsonl': 'lines',
  '.ndjson': 'lines',
  '.json': 'json',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};

/** Endings of a plain text that are looked for in a folder. */
const PLAIN = ['.txt', '.text', '.md'];
const PACKED = ['.gz', '.zst'];

export interface FoundFiles {
  readonly files: readonly TextFile[];
  /** What was left aside, in whole sentences. */
  readonly notes: readonly string[];
}

/**
 * The files that `paths` name, in their order, those of a folder or pattern by name; none twice.
 * Throws {@link UserError} `text-not-found`.
 */
export function findTextFiles(paths: readonly string[]): FoundFiles {
  const found: string[] = [];
  const notes: string[] = [];
  for (const path of paths) {
    if (path === STANDARD_INPUT || existsSync(path)) {
      if (path === STANDARD_INPUT || !statSync(path).isDirectory()) found.push(path);
      else found.push(...filesIn(path, notes));
    } else if (/[*?{[]/.test(path)) found.push(...matching(path));
    else found.push(path);
  }
  const files = [...new Set(found)];
  if (files.length < found.length)
    notes.push(`Files named more than once, read once: ${found.length - files.length}.`);
  return { files: files.map((path) => ({ path, format: formatOf(path) })), notes };
}

/** By the ending, that of a compressed file left out. */
function formatOf(path: string): TextFormat {
  const inner = PACKED.includes(extname(path).toLowerCase()) ? path.slice(0, path.lastIndexOf('.')) : path;
  return FORMATS[extname(inner).toLowerCase()] ?? 'text';
}

function filesIn(folder: string, notes: string[]): string[] {
  const all = globSync('**/*', { cwd: folder, absolute: false }).toSorted();
  if (all.includes('config.json') && all.some((path) => /\.(safetensors|gguf)$/.test(path))) {
    throw new UserError('text-not-found', {
      what: `${folder} is a model, not a text.`,
      expected: 'texts',
      fix: 'name the model in front of the options: what follows the option of the texts is a text',
    });
  }
  const texts = all.filter(isText);
  if (texts.length === 0) {
    throw new UserError('text-not-found', {
      what: `${folder} is a folder that holds no texts.`,
      got: `${all.length} files of other kinds${all.length > 0 ? `, such as ${basename(all[0]!)}` : ''}`,
      expected: `${[...Object.keys(FORMATS), ...PLAIN].join(', ')} (also as ${PACKED.join(' or ')})`,
      fix: 'name the files',
    });
  }
  if (texts.length < all.length) {
    const other = all.find((path) => !texts.includes(path))!;
    notes.push(
      `Files of other kinds left aside in ${folder}: ${all.length - texts.length}, such as ${other}.`,
    );
  }
  return texts.map((path) => join(folder, path));
}

function isText(path: string): boolean {
  const inner = PACKED.includes(extname(path).toLowerCase()) ? path.slice(0, path.lastIndexOf('.')) : path;
  const ending = extname(inner).toLowerCase();
  return Object.hasOwn(FORMATS, ending) || PLAIN.includes(ending);
}

function matching(pattern: string): string[] {
  const files = globSync(pattern.replaceAll('\\', '/'), { expandDirectories: false }).toSorted();
  if (files.length > 0) return files;
  throw new UserError('text-not-found', {
    what: `No file matches ${pattern}.`,
    fix: 'check the pattern: * stands for any part of a name, ** for any folders',
  });
}
