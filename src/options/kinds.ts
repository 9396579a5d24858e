/** Kinds of options. */
import { z } from 'zod';
import { type Extras, type OptionSpec, toList, toNumber, wholeNumber } from './option.ts';

type None = Record<never, never>;

export const pathOption = <const E extends Extras<string> = None>(
  flags: string,
  group: string,
  help: string,
  example: string,
  extras: E = {} as E,
) => ({ flags, group, help, schema: z.string().min(1), expected: 'a path', example, ...extras });

export const textOption = <const E extends Extras<string> = None>(
  flags: string,
  group: string,
  help: string,
  example: string,
  extras: E = {} as E,
) => ({ flags, group, help, schema: z.string().min(1), expected: 'a name', example, ...extras });

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

export const wholeOption = <const E extends Extras<number> = None>(
  name: string,
  group: string,
  help: string,
  least: number,
  example: number,
  extras: E = {} as E,
) => ({
  flags: `--${name} <n>`,
  group,
  help,
  schema: wholeNumber(least),
  parse: toNumber,
  expected: `a whole number from ${least}`,
  example: `--${name} ${example}`,
  ...extras,
});

export const aboveZeroOption = <const E extends Extras<number> = None>(
  name: string,
  group: string,
  help: string,
  example: number,
  extras: E = {} as E,
) => ({
  flags: `--${name} <x>`,
  group,
  help,
  schema: z.number().positive(),
  parse: toNumber,
  expected: 'a number above 0',
  example: `--${name} ${example}`,
  ...extras,
});

export const notBelowZeroOption = <const E extends Extras<number> = None>(
  name: string,
  group: string,
  help: string,
  example: number,
  extras: E = {} as E,
) => ({
  flags: `--${name} <x>`,
  group,
  help,
  schema: z.number().min(0).max(1e9),
  parse: toNumber,
  expected: 'a number, 0 or more',
  example: `--${name} ${example}`,
  ...extras,
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
