/** Options of a command, read from flags and an options file. */
import { inspect } from 'node:util';
import { type Command, Option } from 'commander';
import { UserError } from '../errors/index.ts';
import {
  camelCase,
  defaultText,
  flagOf,
  kebabCase,
  type OptionSpec,
  type OptionSpecs,
  type OptionValues,
} from '../options/index.ts';
import { readConfigFile } from './config-file.ts';
import { adviceOnValue } from './foreign-words.ts';

/** Adds the options to a command, and `--config`, unless an option of its own has that name. */
export function addOptions(command: Command, specs: OptionSpecs): void {
  for (const spec of Object.values(specs)) {
    const { flags, group, aliases = [] } = spec;
    // The positive form only serves to take back what a configuration file says.
    const positive = new Option(flags.replace('--no-', '--')).helpGroup(group).hideHelp();
    if (flags !== positive.flags) command.addOption(positive);
    command.addOption(new Option(flags, helpOf(spec)).helpGroup(group));
    const value = flags.slice(flagOf(spec).length);
    for (const alias of aliases) command.addOption(new Option(`--${alias}${value}`).hideHelp());
  }
  if ('config' in specs) return;
  const help = 'YAML file of options, named as here without the dashes; flags override it';
  command.addOption(new Option('--config <file.yaml>', help));
}

/** The help of an option, its default and its other names. */
export function helpOf(spec: OptionSpec): string {
  const fallback = defaultText(spec);
  const notes = [
    ...(fallback === null ? [] : [`default: ${fallback}`]),
    ...(spec.aliases ?? []).map((alias, index) => `${index === 0 ? 'also ' : ''}--${alias}`),
  ];
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join(', ')})`;
}

/** The names under which the parser and options files give an option, in camelCase. */
function spellings(name: string, spec: OptionSpec): readonly string[] {
  const flag = camelCase(flagOf(spec).replace(/^--(no-)?/, ''));
  return [...new Set([flag, name, ...(spec.aliases ?? []).map(camelCase)])];
}

/**
 * The values given by flags, and by the configuration file where no flag is given.
 *
 * @throws UserError `option-invalid`, `option-twice`, and those of {@link readConfigFile}.
 */
export function readOptions<S extends OptionSpecs>(command: Command, specs: S): OptionValues<S> {
  const flags = command.opts();
  const known = new Map(
    Object.entries(specs).flatMap(([name, spec]) =>
      spellings(name, spec).map((spelling) => [spelling, name]),
    ),
  );
  const config = flags.config === undefined || 'config' in specs ? {} : readConfigFile(flags.config, known);
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const flagged = spellings(name, spec).filter((key) => command.getOptionValueSource(key) === 'cli');
    if (flagged.length > 1) throw givenTwice(flagged, flags);
    const given = flagged.length > 0 ? flags[flagged[0]!] : config[name];
    if (given === undefined) continue;
    const result = spec.schema.safeParse(spec.parse?.(given) ?? given, { reportInput: true });
    if (!result.success) {
      const place = flagged.length > 0 ? sayFlag(specs)(name, flagged[0]) : `${name} in ${flags.config}`;
      const got = result.error.issues[0]?.input ?? given;
      throw invalidOption(place, spec, got, adviceOnValue(name, got));
    }
    values[name] = result.data;
  }
  return values as OptionValues<S>;
}

/** What the command line calls an option of the library; one that it does not have keeps its name, as a flag. */
export const sayFlag =
  (specs: OptionSpecs) =>
  (name: string, spelling?: string): string => {
    const spec = specs[name];
    if (spec === undefined) return `--${kebabCase(name)}`;
    const alias = spec.aliases?.find((one) => camelCase(one) === spelling);
    return alias === undefined ? flagOf(spec) : `--${alias}`;
  };

/** Runs a command; what the library says of its options is told of the flags. */
export async function sayingFlags<T>(specs: OptionSpecs, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const say = sayFlag(specs);
    throw error instanceof UserError ? error.saidWith((name) => say(name)) : error;
  }
}

function givenTwice(names: readonly string[], flags: Readonly<Record<string, unknown>>): UserError {
  return new UserError('option-twice', {
    what: `${names.map((name) => `--${kebabCase(name)}`).join(' and ')} are the same option`,
    got: names.map((name) => `"${flags[name]}"`).join(' and '),
    expected: 'one value',
    fix: 'leave one of them out',
  });
}

function invalidOption(
  place: string,
  { expected, example }: OptionSpec,
  got: unknown,
  advice?: string,
): UserError {
  return new UserError('option-invalid', {
    what: `${place} has a value that it cannot take`,
    got: typeof got === 'string' ? `"${got}"` : inspect(got, { depth: 1, breakLength: Infinity }),
    expected,
    fix: advice ?? `for example ${example}`,
  });
}
