/** Options of a command: one entry each says how it is written, explained and checked. */
import { inspect } from 'node:util';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import { UserError } from '../errors/index.ts';
import { readConfigFile } from './config-file.ts';

export interface OptionSpec<T = unknown> {
  /** As the parser wants it: `--ranks <list>`. */
  readonly flags: string;
  /** Heading in the help. */
  readonly group: string;
  readonly help: string;
  /** Takes what a flag gives (text) and what a configuration file gives (numbers, lists). */
  readonly schema: z.ZodType<T>;
  readonly expected: string;
  /** A right use, shown when the value is wrong. */
  readonly example: string;
}

/** The options of a command by name in camelCase. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]?: z.output<S[K]['schema']> };

/** Adds the options to a command, and `--config`, unless an option of its own has that name. */
export function addOptions(command: Command, specs: OptionSpecs): void {
  for (const { flags, group, help } of Object.values(specs)) {
    // The positive form only serves to take back what a configuration file says.
    const positive = new Option(flags.replace('--no-', '--')).helpGroup(group).hideHelp();
    if (flags !== positive.flags) command.addOption(positive);
    command.addOption(new Option(flags, help).helpGroup(group));
  }
  if ('config' in specs) return;
  const help = 'YAML file of options, named as here without the dashes; flags override it';
  command.addOption(new Option('--config <file.yaml>', help));
}

/**
 * The values given by flags, and by the configuration file where no flag is given.
 *
 * @throws UserError `option-invalid`, and those of {@link readConfigFile}.
 */
export function readOptions<S extends OptionSpecs>(command: Command, specs: S): OptionValues<S> {
  const flags = command.opts();
  const config =
    flags.config === undefined || 'config' in specs ? {} : readConfigFile(flags.config, Object.keys(specs));
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const flagged = command.getOptionValueSource(name) === 'cli';
    const given = flagged ? flags[name] : config[name];
    if (given === undefined) continue;
    const result = spec.schema.safeParse(given, { reportInput: true });
    if (!result.success) {
      const place = flagged ? spec.flags.split(' ')[0]! : `${name} in ${flags.config}`;
      throw invalidOption(place, spec, result.error.issues[0]?.input ?? given);
    }
    values[name] = result.data;
  }
  return values as OptionValues<S>;
}

function invalidOption(place: string, { expected, example }: OptionSpec, got: unknown): UserError {
  return new UserError('option-invalid', {
    what: `${place} has a value that it cannot take`,
    got: typeof got === 'string' ? `"${got}"` : inspect(got, { depth: 1, breakLength: Infinity }),
    expected,
    fix: `for example ${example}`,
  });
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Numbers as people write them: no 0x10, no 1_000, and −0 is 0. */
const toNumber = (raw: unknown): unknown => {
  if (typeof raw === 'number') return raw + 0;
  return typeof raw === 'string' && DECIMAL.test(raw.trim()) ? Number(raw) + 0 : raw;
};
const toList = (raw: unknown): unknown[] => {
  if (Array.isArray(raw)) return raw;
  return typeof raw === 'string' ? raw.split(',').map((part) => part.trim()) : [raw];
};

/** A whole number from `least`. */
export const wholeNumber = (least: number) => z.preprocess(toNumber, z.int().min(least));

/** A finite number above 0. */
export const positiveNumber = () => z.preprocess(toNumber, z.number().positive());

/** A number from `least` to `most`. */
export const numberBetween = (least: number, most: number) =>
  z.preprocess(toNumber, z.number().min(least).max(most));

/** A list, or its items parted by commas. */
export const listOf = <T>(item: z.ZodType<T>) => z.preprocess(toList, z.array(item).min(1));

/** A list of whole numbers from 1; `2..64` stands for 2, 4, 8, … 64. */
export const rankList = () =>
  z.preprocess((raw) => toList(raw).flatMap(expandRange), z.array(wholeNumber(1)).min(1));

function expandRange(item: unknown): unknown[] {
  const [, low, high] = /^([1-9]\d*)\.\.(\d+)$/.exec(String(item)) ?? [];
  if (low === undefined || Number(low) > Number(high)) return [item];
  const ranks: number[] = [];
  for (let rank = Number(low); rank <= Number(high); rank *= 2) ranks.push(rank);
  return ranks;
}
