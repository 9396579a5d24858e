/** An option: one entry says how it is written, explained, checked and what it is when it is not given. */
import { z } from 'zod';

export interface OptionSpec<T = unknown> {
  /** As the command line's parser wants it: `--ranks <list>`. */
  readonly flags: string;
  /** Other names that it goes by, such as `learning-rate`. */
  readonly aliases?: readonly string[];
  /** Heading in the help. */
  readonly group: string;
  readonly help: string;
  readonly schema: z.ZodType<T>;
  /** Makes a value of what a flag gives (text) or an options file (numbers, lists); what it cannot read it leaves. */
  readonly parse?: (raw: unknown) => unknown;
  readonly expected: string;
  /** A right use, shown when the value is wrong. */
  readonly example: string;
  readonly default?: T;
  /** The default in words, where the value alone does not tell it. */
  readonly shownDefault?: string;
}

/** Options by their names in the library. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]?: z.output<S[K]['schema']> };

/** With their defaults; an option without one may be missing. */
export type ResolvedValues<S extends OptionSpecs> = {
  readonly [K in keyof S]: S[K] extends { readonly default: unknown }
    ? z.output<S[K]['schema']>
    : z.output<S[K]['schema']> | undefined;
};

/** What an option may have beside what its kind asks for. */
export type Extras<T> = Partial<Pick<OptionSpec<T>, 'default' | 'shownDefault' | 'aliases'>>;

/** `--learning-rate` of `--learning-rate <x>`. */
export const flagOf = ({ flags }: OptionSpec): string => flags.split(' ')[0]!;

export const kebabCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
export const camelCase = (name: string): string =>
  name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The default as help and docs show it; null for none. */
export function defaultText({ default: value, shownDefault, parse }: OptionSpec): string | null {
  if (shownDefault !== undefined) return shownDefault;
  // A switch that is not given says so by itself.
  if (value === undefined || value === null || (typeof value === 'boolean' && parse === undefined))
    return null;
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** The same option under another heading of the help. */
export const under = <S extends OptionSpec>(group: string, spec: S): S => ({ ...spec, group });

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Numbers as people write them: no 0x10, no 1_000, and −0 is 0. */
export function toNumber(raw: unknown): unknown {
  if (typeof raw === 'number') return raw + 0;
  return typeof raw === 'string' && DECIMAL.test(raw.trim()) ? Number(raw) + 0 : raw;
}

/** A list, or its items parted by commas. */
export function toList(raw: unknown): unknown[] {
  if (Array.isArray(raw)) return raw;
  return typeof raw === 'string' ? raw.split(',').map((part) => part.trim()) : [raw];
}

/** Ranks in a list; `2..64` stands for 2, 4, 8, … 64. */
export const toRanks = (raw: unknown): unknown[] => toList(raw).flatMap(expandRange);

function expandRange(item: unknown): unknown[] {
  const [, low, high] = /^([1-9]\d*)\.\.(\d+)$/.exec(String(item)) ?? [];
  if (low === undefined || Number(low) > Number(high)) return [toNumber(item)];
  const ranks: number[] = [];
  for (let rank = Number(low); rank <= Number(high); rank *= 2) ranks.push(rank);
  return ranks;
}

/** A whole number from `least`. */
export const wholeNumber = (least: number) => z.int().min(least);
