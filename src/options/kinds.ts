/** Kinds of options. */
import { z } from 'zod';
import { type Extras, type OptionSpec, toList, toNumber, wholeNumber } from './option.ts';

type None = Record<never, never>;

/** Options whose value is a text of that kind. */
const textKind =
  (expected: string) =>
  <const E extends Extras<string> = None>(
    flags: string,
    group: string,
    help: string,
    example: string,
    extras: E = {} as E,
  ) => ({ flags, group, help, schema: z.string().min(1), expected, example, ...extras });

export const pathOption = textKind('a path');
export const textOption = textKind('a name');

/** Options whose value is a number that the schema takes. */
const numberKind =
  (schema: z.ZodNumber, expected: string, unit = 'x') =>
  <const E extends Extras<number> = None>(
    name: string,
    group: string,
    help: string,
    example: number,
    extras: E = {} as E,
  ) => ({
    flags: `--${name} <${unit}>`,
    group,
    help,
    schema,
    parse: toNumber,
    expected,
    example: `--${name} ${example}`,
    ...extras,
  });

export const aboveZeroOption = numberKind(z.number().positive(), 'a number above 0');
export const notBelowZeroOption = numberKind(z.number().min(0).max(1e9), 'a number, 0 or more');

export const wholeOption = <const E extends Extras<number> = None>(
  name: string,
  group: string,
  help: string,
  least: number,
  example: number,
  extras: E = {} as E,
) => numberKind(wholeNumber(least), `a whole number from ${least}`, 'n')(name, group, help, example, extras);

/** @param flags `--json`, which is false when not given; or `--no-pack`: `pack` is true. */
export const switchOption = (flags: string, group: string, help: string) => ({
  flags,
  group,
  help,
  schema: z.boolean(),
  expected: 'true or false',
  example: flags,
  default: flags.startsWith('--no-') as boolean,
});

/** @param name of an option whose value is one of `values`. */
export const choiceOption = <
  const T extends readonly [string, ...string[]],
  const E extends Extras<T[number]> = None,
>(
  name: string,
  group: string,
  help: string,
  values: T,
  extras: E = {} as E,
) => ({
  flags: `--${name} <${name.split('-').at(-1)}>`,
  group,
  help,
  schema: z.enum(values),
  expected: values.join(' or '),
  example: `--${name} ${values[0]}`,
  ...extras,
});

/** Paths: several after one flag, or parted by commas. */
export const pathsOption = (flags: string, group: string, help: string, expected: string, example: string) =>
  ({
    flags,
    group,
    help,
    schema: z.array(z.string().min(1)).min(1),
    parse: toList,
    expected,
    example,
  }) satisfies OptionSpec;
