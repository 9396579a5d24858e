/** Options in a YAML file. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { UserError } from '../errors/index.ts';

const mapSchema = z.record(z.string(), z.unknown());

/**
 * The entries of a configuration file under their names in camelCase; `seq-len` and `seqLen` are the same.
 *
 * @param known the names that may stand in it, in camelCase.
 * @throws UserError `config-not-readable`, `config-not-yaml`, `config-not-a-map`, `config-unknown-key`,
 *   `config-key-twice`.
 */
export function readConfigFile(path: string, known: readonly string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(readMap(path))) {
    const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!known.includes(name)) {
      throw new UserError('config-unknown-key', {
        what: `${path} has a key that is no option`,
        got: key,
        expected: `any of ${known.map(kebabCase).join(', ')}`,
        fix: 'correct or remove the key',
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
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const fix = 'check the path after --config';
    throw new UserError(
      'config-not-readable',
      { what: `cannot read the configuration file ${path}`, got, fix },
      { cause: error },
    );
  }
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    const got = error instanceof Error ? error.message.trimEnd() : String(error);
    throw new UserError(
      'config-not-yaml',
      { what: `${path} is not YAML`, got, fix: 'one option a line, such as "ranks: [2, 4, 8]"' },
      { cause: error },
    );
  }
  const map = mapSchema.safeParse(value ?? {});
  if (map.success) return map.data;
  throw new UserError('config-not-a-map', {
    what: `${path} does not hold options`,
    got: JSON.stringify(value)?.slice(0, 60) ?? typeof value,
    expected: 'lines of "option: value"',
    fix: 'one option a line, such as "ranks: [2, 4, 8]"',
  });
}

const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
