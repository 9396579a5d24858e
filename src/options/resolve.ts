/** The values of a call of the library: checked, with their defaults. */
import { inspect } from 'node:util';
import type { z } from 'zod';
import { UserError } from '../errors/index.ts';
import type { OptionSpec, OptionSpecs, OptionValues, ResolvedValues } from './option.ts';

/** The defaults of a table. */
export function defaultsOf<S extends OptionSpecs>(specs: S): ResolvedValues<S> {
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, spec.default]),
  ) as ResolvedValues<S>;
}

/**
 * @param given values by name; what is undefined takes its default, and names that the table does not know are left out.
 * @throws UserError `option-out-of-range`
 */
export function resolveOptions<S extends OptionSpecs>(specs: S, given: OptionValues<S>): ResolvedValues<S> {
  const values: Record<string, unknown> = { ...defaultsOf(specs) };
  for (const [name, spec] of Object.entries(specs)) {
    const value = given[name];
    if (value === undefined) continue;
    const result = spec.schema.safeParse(value);
    if (!result.success) throw outOfRange(name, value, spec.expected);
    values[name] = result.data;
  }
  return values as ResolvedValues<S>;
}

/** @param name of the option in the library. */
export function outOfRange(name: string, got: unknown, expected: string): UserError {
  return new UserError('option-out-of-range', (option) => ({
    what: `${option(name)} is out of range`,
    got: typeof got === 'string' ? `"${got}"` : inspect(got, { depth: 1, breakLength: Infinity }),
    expected,
    fix: 'change the option',
  }));
}

type SettingSchema<S extends OptionSpec> = S extends { readonly default: unknown }
  ? S['schema']
  : z.ZodNullable<S['schema']>;

/** The fields of a record that holds these options: null stands for one that has no default and was not given. */
export function settingSchemas<S extends OptionSpecs>(specs: S): { [K in keyof S]: SettingSchema<S[K]> } {
  const fields = Object.entries(specs).map(([name, { schema, ...spec }]) => [
    name,
    'default' in spec ? schema : schema.nullable(),
  ]);
  return Object.fromEntries(fields) as { [K in keyof S]: SettingSchema<S[K]> };
}
