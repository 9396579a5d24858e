/** The architectures that can be opened, by the `model_type` of their config. A new one is one line and one file. */
import { UserError } from '../errors/index.ts';
import { shorten } from './config.ts';
import type { Architecture } from './definition.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';

// A map, not an object: `constructor` is no architecture.
const ARCHITECTURES: ReadonlyMap<unknown, Architecture> = new Map([
  ['gpt2', gpt2],
  ['llama', llama],
]);

/** The architecture that a config names. Throws {@link UserError} `architecture-unknown`; `path` is for the message. */
export function findArchitecture(config: Readonly<Record<string, unknown>>, path: string): Architecture {
  const architecture = ARCHITECTURES.get(config.model_type);
  if (architecture !== undefined) return architecture;
  throw new UserError('architecture-unknown', {
    what: `the architecture of ${path} is not known`,
    got: `model_type ${shorten(config.model_type)}`,
    expected: `one of ${[...ARCHITECTURES.keys()].join(', ')}`,
    fix: 'use a model of a listed architecture',
  });
}
