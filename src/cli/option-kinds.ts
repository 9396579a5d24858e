/** Kinds of options that several commands have. */
import { z } from 'zod';
import { COMPUTE_TYPES, computeSchema } from '../record/index.ts';
import { numberBetween, type OptionSpec, positiveNumber, wholeNumber } from './option.ts';

export const pathOption = (flags: string, group: string, help: string, example: string) =>
  ({ flags, group, help, schema: z.string().min(1), expected: 'a path', example }) satisfies OptionSpec;

export const textOption = (flags: string, group: string, help: string, example: string) =>
  ({ flags, group, help, schema: z.string().min(1), expected: 'a name', example }) satisfies OptionSpec;

export const switchOption = (flags: string, group: string, help: string) =>
  ({
    flags,
    group,
    help,
    schema: z.boolean(),
    expected: 'true or false',
    example: flags,
  }) satisfies OptionSpec;

export const wholeOption = (name: string, group: string, help: string, least: number, example: number) =>
  ({
    flags: `--${name} <n>`,
    group,
    help,
    schema: wholeNumber(least),
    expected: `a whole number from ${least}`,
    example: `--${name} ${example}`,
  }) satisfies OptionSpec;

export const aboveZeroOption = (name: string, group: string, help: string, example: number) =>
  ({
    flags: `--${name} <x>`,
    group,
    help,
    schema: positiveNumber(),
    expected: 'a number above 0',
    example: `--${name} ${example}`,
  }) satisfies OptionSpec;

export const notBelowZeroOption = (name: string, group: string, help: string, example: number) =>
  ({
    flags: `--${name} <x>`,
    group,
    help,
    schema: numberBetween(0, 1e9),
    expected: 'a number, 0 or more',
    example: `--${name} ${example}`,
  }) satisfies OptionSpec;

/** @param name of an option whose value is one of `values`. */
export const choiceOption = <const T extends readonly [string, ...string[]]>(
  name: string,
  group: string,
  help: string,
  values: T,
) =>
  ({
    flags: `--${name} <${name.split('-').at(-1)}>`,
    group,
    help,
    schema: z.enum(values),
    expected: values.join(' or '),
    example: `--${name} ${values[0]}`,
  }) satisfies OptionSpec;

export const computeOption = (group: string) =>
  ({
    flags: '--compute <type>',
    group,
    help: 'arithmetic of weight products: float32 (default) or int8 (faster)',
    schema: computeSchema,
    expected: COMPUTE_TYPES.join(' or '),
    example: '--compute int8',
  }) satisfies OptionSpec;

export const cacheOption = (group: string) =>
  pathOption(
    '--cache-dir <dir>',
    group,
    'where decoded weights are kept between runs (default: ~/.cache/rankscope)',
    '--cache-dir /tmp/cache',
  );

export const layersOption = (group: string) =>
  ({
    flags: '--layers <glob>',
    group,
    help: 'layers by module name, with * and ? (default: all)',
    schema: z.string().min(1),
    expected: 'a pattern over module names',
    example: "--layers '*attn*'",
  }) satisfies OptionSpec;

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  ...{ kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
};

/** Bytes of `12GB`, `1.5 GiB` or a bare number; anything else as it is. */
function toBytes(raw: unknown): unknown {
  const [, number, unit] = /^(\d+\.?\d*|\.\d+)\s*([a-z]*)$/i.exec(String(raw).trim()) ?? [];
  const factor = UNITS[unit?.toLowerCase() ?? '?'];
  return factor === undefined ? raw : Math.round(Number(number) * factor);
}

export const memoryOption = (group: string) =>
  ({
    flags: '--memory <size>',
    group,
    help: 'most memory to take: what does not fit is computed in parts, or twice (default: 80 % of what is free)',
    schema: z.preprocess(toBytes, z.int().min(1)),
    expected: 'a size such as 12GB or 800MiB',
    example: '--memory 12GB',
  }) satisfies OptionSpec;
