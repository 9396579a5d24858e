/** Reading a Hugging Face config with clear errors. */
import { z } from 'zod';
import { UserError } from '../errors/index.ts';

/** Checks the fields that an architecture needs; other fields are ignored. */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  config: unknown,
  architecture: string,
): z.output<S> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  throw new UserError('config-invalid', {
    what: `the model's config does not describe a ${architecture} model`,
    got: z.prettifyError(parsed.error),
    expected: `the fields that Hugging Face writes for model_type "${architecture}"`,
    fix: 'check config.json beside the weights',
  });
}

/** Raised when a config asks for something that this program does not compute. */
export function unsupported(field: string, got: unknown, expected: string): UserError {
  return new UserError('config-unsupported', {
    what: `the model's config asks for something that is not supported here`,
    got: `${field} = ${JSON.stringify(got)}`,
    expected,
    fix: 'use a model without it, or open an issue with the config',
  });
}
