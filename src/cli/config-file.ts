/** Options in a YAML file. */
import { closeSync, openSync, readSync } from 'node:fs';
import { inspect } from 'node:util';
import { parseDocument } from 'yaml';
import { UserError } from '../errors/index.ts';
import { camelCase, kebabCase } from '../options/index.ts';
import { adviceOnFlag } from './foreign-words.ts';

/** Bytes; a page of options is 2 kB. */
const SIZE_LIMIT = 2 ** 16;

/**
 * Levels of lists and maps in each other; options need two. The parser calls itself for every level, and where it
 * comes to the end of the stack, a pattern that is compiled there ends the whole process.
 */
const DEPTH_LIMIT = 100;

/**
 * The entries of a configuration file under their names in camelCase; `seq-len`, `seq_len` and `seqLen` are the same.
 *
 * @param known the names that may stand in it, in camelCase, and the option that each means.
 * @throws UserError `config-not-readable`, `config-not-yaml`, `config-not-a-map`, `config-unknown-key`,
 *   `config-key-twice`.
 */
export function readConfigFile(path: string, known: ReadonlyMap<string, string>): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(readMap(path))) {
    const name = known.get(camelCase(key.replaceAll('_', '-')));
    if (name === undefined) {
      throw new UserError('config-unknown-key', {
        what: `${path} has a key that is no option`,
        got: key,
        expected: `any of ${[...new Set(known.values())].map(kebabCase).join(', ')}`,
        fix: adviceOnFlag(kebabCase(key).replaceAll('_', '-')) ?? 'correct or remove the key',
      });
    }
    if (name in values) {
      throw new UserError('config-key-twice', {
        what: `${path} sets ${kebabCase(name)} twice`,
        fix: 'keep one of the two spellings',
      });
    }
    values[name] = value;
  }
  return values;
}

function readMap(path: string): Record<string, unknown> {
  const text = readText(path);
  if (isTooDeep(text)) {
    throw new UserError('config-not-yaml', {
      what: `${path} holds more lists in each other than options have`,
      expected: `at most ${DEPTH_LIMIT} levels`,
      fix: 'one option a line, such as "ranks: [2, 4, 8]"',
    });
  }
  const document = parseDocument(text);
  // A warning is a tag that means nothing here: its value would be taken as if it were not there.
  const fault = document.errors[0] ?? document.warnings[0];
  let value: unknown;
  try {
    if (fault !== undefined) throw fault;
    value = document.toJS() ?? {};
  } catch (error) {
    const got = error instanceof Error ? error.message.trimEnd().split('\n') : String(error);
    throw new UserError(
      'config-not-yaml',
      { what: `${path} is not YAML`, got, fix: 'one option a line, such as "ranks: [2, 4, 8]"' },
      { cause: error },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new UserError('config-not-a-map', {
    what: `${path} does not hold options`,
    got: inspect(value, { depth: 0, breakLength: Number.POSITIVE_INFINITY }),
    expected: 'lines of "option: value"',
    fix: 'one option a line, such as "ranks: [2, 4, 8]"',
  });
}

/** Counts what can open a level: brackets that are not closed, and blanks and marks before the first word of a line. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > DEPTH_LIMIT) return true;
  }
  return text.split('\n').some((line) => /^[\s?:-]*/.exec(line)![0].length > 2 * DEPTH_LIMIT);
}

function readText(path: string): string {
  const bytes = Buffer.alloc(SIZE_LIMIT + 1);
  let length = 0;
  try {
    // It may be a pipe, whose size nobody knows.
    const descriptor = openSync(path, 'r');
    try {
      for (let count = -1; count !== 0; length += count)
        count = readSync(descriptor, bytes, length, bytes.length - length, null);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const fix = 'check the path after --config';
    throw new UserError(
      'config-not-readable',
      { what: `cannot read the configuration file ${path}`, got, fix },
      { cause: error },
    );
  }
  if (length <= SIZE_LIMIT) return bytes.toString('utf8', 0, length);
  throw new UserError('config-not-readable', {
    what: `${path} is too large for a configuration file`,
    expected: `at most ${SIZE_LIMIT} bytes`,
    fix: 'check the path after --config',
  });
}
